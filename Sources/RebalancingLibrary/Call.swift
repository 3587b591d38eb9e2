// Functions are named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Algebra
import CRebalancing
import Deployment
import Experiments
import Foundation
import Learning
import Oracles
import Rebalancing
import Synchronization

/// What `rebalancing_call` does, by name.
enum Operation: String, CaseIterable {
  case evaluate, solve, learn
  case importGraph = "import"
  case record, export, trainings, train, finish

  func run(_ text: UnsafePointer<CChar>?) throws -> String {
    switch self {
    case .evaluate: try unsafe EvaluateRequest.answer(text)
    case .solve: try unsafe SolveRequest.answer(text)
    case .learn: try unsafe LearnRequest.answer(text)
    case .importGraph: try unsafe ImportRequest.answer(text)
    case .record: try unsafe RecordRequest.answer(text)
    case .export: try unsafe ExportRequest.answer(text)
    case .trainings:
      try unsafe ExperimentRequest.answer(text) { runner, _ in
        try json(Trainings(trainings: runner.trainings(), provenance: .current))
      }
    case .train: try unsafe ExperimentRequest.train(text)
    case .finish: try unsafe ExperimentRequest.answer(text) { runner, _ in try json(runner.run()) }
    }
  }
}

/// A request of an operation, whose keys are those of its `CodingKeys`.
private protocol OperationRequest: Decodable {
  associatedtype CodingKeys: CodingKey & CaseIterable
  func answer() throws -> String
}

extension OperationRequest {
  static func answer(_ text: UnsafePointer<CChar>?) throws -> String {
    try unsafe read(text).answer()
  }

  static func read(_ text: UnsafePointer<CChar>?) throws -> Self {
    try unsafe decoded(text, as: Self.self, keys: CodingKeys.allCases.map(\.stringValue))
  }
}

private struct EvaluateRequest: OperationRequest {
  var file: String
  var set: [String]?
  var policies: [String]
  var episodes: Int?
  var seed: UInt64?
  var exact: Bool?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case file, set, policies, episodes, seed, exact
  }

  func answer() throws -> String {
    guard !policies.isEmpty else { throw UsageError("policies is empty; at least one is needed") }
    let episodes = episodes ?? 200
    guard (2...10_000_000).contains(episodes) else {
      throw UsageError("episodes is \(episodes), valid are 2 to 10000000")
    }
    let task = try EnvironmentSpec(path: file, overrides: set ?? []).task
    let triggers = try policies.map { try PolicyReference.policy($0, for: task) }
    guard exact != true else { return try json(ExactEvaluation(task, policies: triggers)) }
    return try json(
      SampledEvaluation(task, policies: triggers, episodes: episodes, seed: seed ?? 1_000_000))
  }
}

private struct SolveRequest: OperationRequest {
  var file: String
  var set: [String]?
  var unrestricted: Bool?

  enum CodingKeys: String, CodingKey, CaseIterable { case file, set, unrestricted }

  func answer() throws -> String {
    let task = try EnvironmentSpec(path: file, overrides: set ?? []).task
    let isFree = unrestricted == true || task.actions.isEmpty
    let solution = try TwoAssetChain(task).solve(isFree ? .unrestricted : .fractions(task.actions))
    return try json(SolutionDocument(solution))
  }
}

/// An agent learns, as by `rebalance train`.
private struct LearnRequest: OperationRequest {
  var file: String
  var set: [String]?
  var agent: String
  var setAgent: [String]?
  var seed: UInt64
  var out: String
  var workers: Int?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case file, set, agent, seed, out, workers
    case setAgent = "set_agent"
  }

  func answer() throws -> String {
    let run = TrainingRun(
      environment: try EnvironmentSpec(path: file, overrides: set ?? []),
      agent: try AgentSpec(path: agent, overrides: setAgent ?? []), seed: seed,
      folder: URL(fileURLWithPath: out))
    var options = TrainingRun.Options()
    options.workers = workers ?? 1
    _ = try run.run(options)
    return try json(["checkpoint": out])
  }
}

/// A network in a file of the Open Neural Network Exchange format becomes a checkpoint.
private struct ImportRequest: OperationRequest {
  var file: String
  var set: [String]?
  var graph: String
  var out: String
  var seed: UInt64?
  var steps: Int?
  var words: [String: String]?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case file, set, graph, out, seed, steps, words
  }

  func answer() throws -> String {
    let environment = try EnvironmentSpec(path: file, overrides: set ?? [])
    let written = try PolicyImport.write(
      graph: URL(fileURLWithPath: graph), trainedOn: environment, seed: seed ?? 0,
      steps: steps ?? 0, words: words ?? [:], to: URL(fileURLWithPath: out))
    return try json(["policy_sha256": written.policyDigest])
  }
}

/// A checkpoint is compared with rules, as by `rebalance evaluate --record`.
private struct RecordRequest: OperationRequest {
  var checkpoint: String
  var file: String
  var set: [String]?
  var rules: [String]?
  var episodes: Int?
  var seed: UInt64?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case checkpoint, file, set, rules, episodes, seed
  }

  func answer() throws -> String {
    let folder = URL(fileURLWithPath: checkpoint)
    let record = try EvaluationRecord(
      of: Checkpoint(contentsOf: folder), name: folder.lastPathComponent,
      on: EnvironmentSpec(path: file, overrides: set ?? []), against: rules ?? [],
      episodes: episodes ?? 200, seed: seed ?? 1_000_000)
    try record.write(to: folder)
    return try json(record)
  }
}

/// A checkpoint becomes a bundle, as by `rebalance export`.
private struct ExportRequest: OperationRequest {
  var checkpoint: String
  var out: String
  var name: String?
  var version: String?
  var key: String?
  var unevaluated: Bool?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case checkpoint, out, name, version, key, unevaluated
  }

  func answer() throws -> String {
    try PolicyExport.write(
      checkpoint: URL(fileURLWithPath: checkpoint), name: name, version: version ?? "1.0.0",
      unevaluated: unevaluated ?? false,
      signedBy: try key.map { try SigningKey(contentsOf: URL(fileURLWithPath: $0)) },
      to: URL(fileURLWithPath: out))
    return try json(["bundle": out])
  }
}

/// What an experiment has to train, and what the figures will depend on besides.
private struct Trainings: Encodable {
  var trainings: [ExperimentTraining]
  var provenance: Provenance
}

/// An experiment and the folder of its results.
private struct ExperimentRequest: Decodable {
  var experiment: String
  var out: String
  var workers: Int?
  /// Of the training that is to be done.
  var number: Int?

  enum CodingKeys: String, CodingKey, CaseIterable { case experiment, out, workers, number }

  /// - Parameter body: gives the answer in JSON; what the runner reports on the way stands beside it.
  static func answer(
    _ text: UnsafePointer<CChar>?, _ body: (ExperimentRunner, _ number: Int?) throws -> String
  ) throws -> String {
    let keys = CodingKeys.allCases.map(\.stringValue)
    let request = try unsafe decoded(text, as: Self.self, keys: keys)
    let words = Mutex("")
    let runner = ExperimentRunner(
      spec: try ExperimentSpec(folder: URL(fileURLWithPath: request.experiment)),
      output: URL(fileURLWithPath: request.out), workers: request.workers ?? 1,
      report: { line in words.withLock { $0 += line + "\n" } },
      options: { _, _, _ in { _ in TrainingRun.Options() } })
    let answer = try body(runner, request.number)
    return "{\"answer\":\(answer),\"text\":\(try json(words.withLock { $0 }))}"
  }

  static func train(_ text: UnsafePointer<CChar>?) throws -> String {
    try unsafe answer(text) { runner, number in
      guard let number else { throw UsageError("number is missing") }
      try runner.train(number: number)
      return "null"
    }
  }
}

@c @implementation
public func rebalancing_call(
  _ operation: UnsafePointer<CChar>?, _ request: UnsafePointer<CChar>?,
  _ response: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    let name = unsafe operation.map { unsafe String(cString: $0) } ?? "null"
    guard let operation = Operation(rawValue: name) else {
      let valid = Operation.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("the operation is \(name), valid are \(valid)")
    }
    // Parallelism is ours; threads of BLAS would change the order of sums, and with it last digits.
    BLAS.threads = 1
    try unsafe give(try operation.run(request), to: response)
  }
}
