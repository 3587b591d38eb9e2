import Algebra
import Foundation
import Gym
import Learning
import Testing

@Suite struct CheckpointTests {
  init() { BLAS.threads = 1 }

  struct Record: Codable, Sendable, Equatable {
    var environment = "corridor"
    var configuration = PPOTests.small
  }

  static func ppo() throws -> PPO<TableEnvironment> {
    var configuration = PPOTests.small
    configuration.rewardScaling = .returnDeviation
    return try PPO(configuration: configuration, seed: 4) {
      TableEnvironment(.corridor, copies: $0, horizon: 9, slip: 0.1)
    }
  }

  static func table() throws -> TabularLearner<TableEnvironment> {
    var configuration = TabularTests.base
    configuration.criterion = .averageReward
    configuration.stepSizePower = 0.6
    return try TabularLearner(configuration: configuration, seed: 4) {
      TableEnvironment(.corridor, copies: $0, horizon: 9, slip: 0.1, isOneHot: false)
    }
  }

  @Test func `an interrupted run of PPO ends in the same bytes as one without a break`() throws {
    try expectSameBytes(Self.ppo)
  }

  @Test func `an interrupted run of Q-learning ends in the same bytes`() throws {
    try expectSameBytes(Self.table)
  }

  @Test func `an interrupted run of DQN ends in the same bytes`() throws {
    try expectSameBytes(DQNTests.corridor)
  }

  private func expectSameBytes<L: Learner>(_ make: () throws -> L) throws {
    try withFolder { folder in
      var straight = try make()
      for _ in 0..<6 { _ = straight.update(workers: 2) }
      try Checkpoint(of: straight, record: Record()).write(to: folder.appending(path: "straight"))

      var first = try make()
      for _ in 0..<2 { _ = first.update(workers: 1) }
      let broken = folder.appending(path: "broken")
      try Checkpoint(of: first, record: Record()).write(to: broken)
      let saved = try Checkpoint<Record>(contentsOf: broken)
      #expect(saved.record == Record())
      #expect(saved.steps == first.stepsDone)
      var second = try make()
      try saved.restore(&second)
      #expect(second.stepsDone == first.stepsDone)
      for _ in 0..<4 { _ = second.update(workers: 1) }
      // Written over the first one: the old folder must be gone as a whole.
      try Checkpoint(of: second, record: Record()).write(to: broken)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names == ["broken", "straight"])
      for name in ["policy.safetensors", "training.safetensors", "record.json"] {
        let bytes = try ["straight", "broken"].map {
          try Data(contentsOf: folder.appending(path: $0).appending(path: name))
        }
        #expect(bytes[0] == bytes[1], "\(name)")
      }
    }
  }

  @Test(arguments: ["policy.safetensors", "training.safetensors", "record.json"])
  func `a changed bit is found`(name: String) throws {
    try withFolder { folder in
      let checkpoint = folder.appending(path: "c")
      try Checkpoint(of: Self.ppo(), record: Record()).write(to: checkpoint)
      let file = checkpoint.appending(path: name)
      var data = try Data(contentsOf: file)
      // In the record, the last digit of the steps.
      data[data.count - (name == "record.json" ? 4 : 3)] ^= 1
      try data.write(to: file)
      let error = #expect(throws: CheckpointError.self) {
        _ = try Checkpoint<Record>(contentsOf: checkpoint)
      }
      #expect(error?.path == file.path)
      #expect(error?.problem.hasPrefix("the checksum is fnv1a64:") == true)
    }
  }

  @Test func `missing files and strange records are named`() throws {
    try withFolder { folder in
      let checkpoint = folder.appending(path: "c")
      func problem() -> String? {
        #expect(throws: CheckpointError.self) {
          _ = try Checkpoint<Record>(contentsOf: checkpoint)
        }?.description
      }
      #expect(problem() == "\(checkpoint.path): no such folder")
      try Checkpoint(of: Self.ppo(), record: Record()).write(to: checkpoint)
      try FileManager.default.removeItem(at: checkpoint.appending(path: "training.safetensors"))
      #expect(problem() == "\(checkpoint.path)/training.safetensors: cannot be read")
      try Data("{}".utf8).write(to: checkpoint.appending(path: "record.json"))
      #expect(
        problem()
          == "\(checkpoint.path)/record.json: not a record of this kind: no checksums")
    }
  }

  @Test(arguments: [0, 1, 2, 3])
  func `a checkpoint that a crash has left between two places is whole`(moved: Int) throws {
    try withFolder { folder in
      let manager = FileManager.default
      let checkpoint = folder.appending(path: "c")
      var learner = try Self.ppo()
      let blank = Checkpoint(of: learner, record: Record())
      try blank.write(to: checkpoint)
      let old = try files(checkpoint)
      _ = learner.update(workers: 1)
      try Checkpoint(of: learner, record: Record()).write(to: checkpoint)
      let new = try files(checkpoint)
      #expect(old.keys == new.keys && old != new)
      // The crash came when so many of the new files had replaced old ones.
      let next = checkpoint.appending(path: "next")
      try manager.createDirectory(at: next, withIntermediateDirectories: false)
      for (i, name) in old.keys.sorted().enumerated() where i >= moved {
        try manager.moveItem(
          at: checkpoint.appending(path: name), to: next.appending(path: name))
        try old[name]?.write(to: checkpoint.appending(path: name))
      }
      #expect(try Checkpoint<Record>(contentsOf: checkpoint).steps == learner.stepsDone)
      // The next write tidies up, and leaves what is not its own.
      try Data("mine".utf8).write(to: checkpoint.appending(path: "notes.txt"))
      try blank.write(to: checkpoint)
      #expect(try files(checkpoint) == old.merging(["notes.txt": Data("mine".utf8)]) { a, _ in a })
    }
  }

  @Test func `a checkpoint that a crash has begun is as if it were not there`() throws {
    try withFolder { folder in
      let checkpoint = folder.appending(path: "c")
      let draft = checkpoint.appending(path: "next.tmp")
      try FileManager.default.createDirectory(at: draft, withIntermediateDirectories: true)
      try Data("half".utf8).write(to: draft.appending(path: "record.json"))
      #expect(!Checkpoint<Record>.isThere(checkpoint))
      try Checkpoint(of: Self.ppo(), record: Record()).write(to: checkpoint)
      #expect(try Checkpoint<Record>(contentsOf: checkpoint).steps == 0)
      #expect(try files(checkpoint).keys.sorted() == Checkpoint<Record>.fileNames.sorted())
    }
  }

  @Test(arguments: [Float.nan, .infinity])
  func `a state that is not finite is not written`(value: Float) throws {
    try withFolder { folder in
      let checkpoint = folder.appending(path: "c")
      var state = Checkpoint(of: try Self.ppo(), record: Record())
      try state.write(to: checkpoint)
      let before = try files(checkpoint)
      state.trainingTensors["critic.layers.0.bias"] = Tensor([0, value])
      #expect(state.firstNotFinite == "critic.layers.0.bias")
      let error = #expect(throws: CheckpointError.self) { try state.write(to: checkpoint) }
      #expect(error?.problem.contains("critic.layers.0.bias has numbers that are not") == true)
      #expect(try files(checkpoint) == before)
    }
  }

  @Test func `figures that are lost are named`() {
    func fault(_ reward: Double, _ loss: Double) -> String? {
      UpdateReport(stepsDone: 1, meanReward: reward, figures: ["a": 1, "loss": loss]).fault
    }
    #expect(fault(-1e15, 1e15) == nil)
    #expect(fault(0, .nan) == "loss is not a number")
    #expect(fault(0, -1.1e15)?.hasPrefix("loss is -11") == true)
    #expect(fault(0, 2e20) == "loss is 2e+20")
    #expect(fault(-.infinity, .nan) == "mean_reward is -inf")
  }

  @Test func `a state of another agent is refused and changes nothing`() throws {
    var agent = try Self.ppo()
    let before = agent.trainingTensors()
    var configuration = agent.configuration
    configuration.copies = 20
    var other = try PPO(configuration: configuration, seed: 4) {
      TableEnvironment(.corridor, copies: $0, horizon: 9)
    }
    _ = other.update(workers: 1)
    let error = #expect(throws: LearnerStateError.self) {
      try agent.restore(policy: other.policy, trainingTensors: other.trainingTensors())
    }
    #expect(
      error?.description == "the environment of part 0 refused its state: 124 bytes"
        || error?.description.contains("refused its state") == true)
    #expect(agent.trainingTensors() == before)
    let table = try Self.table()
    #expect(throws: LearnerStateError("the policy is not a network of this agent's shape")) {
      try agent.restore(policy: table.policy, trainingTensors: [:])
    }
    let stranger = try PPO(configuration: agent.configuration, seed: 5) {
      TableEnvironment(.corridor, copies: $0)
    }
    #expect(throws: LearnerStateError("the seed is 5, this agent's is 4")) {
      try agent.restore(policy: stranger.policy, trainingTensors: stranger.trainingTensors())
    }
  }

  @Test func `training stops where it is told and saves where it is asked`() throws {
    var agent = try Self.table()
    var saved = [Int]()
    var told = [Int]()
    let training = Training(totalSteps: 10_000, checkpointInterval: 3_000)
    let isComplete = training.run(
      &agent, checkpoint: { saved.append($0.stepsDone) }, progress: { told.append($0.stepsDone) })
    #expect(isComplete)
    #expect(told == [2_000, 4_000, 6_000, 8_000, 10_000])
    #expect(saved == [4_000, 6_000, 10_000])
    var other = try Self.table()
    #expect(!training.run(&other, shouldStop: { true }))
    #expect(other.stepsDone == 0)
  }

  @Test func `training evaluates before it saves, and at the end`() throws {
    var agent = try Self.table()
    var events = [String]()
    let training = Training(
      totalSteps: 9_000, checkpointInterval: 4_000, evaluationInterval: 4_000)
    training.run(
      &agent, checkpoint: { events.append("save \($0.stepsDone)") },
      evaluate: { events.append("evaluate \($0.stepsDone)") }, shouldStop: { false },
      progress: { _ in })
    #expect(
      events == [
        "evaluate 4000", "save 4000", "evaluate 8000", "save 8000", "evaluate 10000",
      ])
  }
}

/// The files of a folder, by name.
private func files(_ folder: URL) throws -> [String: Data] {
  var files: [String: Data] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
    files[name] = try Data(contentsOf: folder.appending(path: name))
  }
  return files
}

private func withFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}
