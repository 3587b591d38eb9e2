public import Foundation

/// A folder from which training continues to the same bits:
/// `policy.safetensors`, `training.safetensors` and `record.json`; other files there are left alone.
///
/// Nothing in it depends on time, machine or threads: equal runs give equal bytes.
public struct Checkpoint<Record: Codable & Sendable>: Sendable {
  /// The policy at this point.
  public var policy: LearnedPolicy
  /// Everything else that the learner needs.
  public var trainingTensors: [String: Tensor]
  /// Environment steps so far, over all copies.
  public var steps: Int
  /// What the caller wants to remember: configuration, seed, environment.
  public var record: Record

  /// The present state of a learner.
  public init(of learner: some Learner, record: Record) {
    policy = learner.policy
    trainingTensors = learner.trainingTensors()
    steps = learner.stepsDone
    self.record = record
  }

  /// A policy that was not learned here, from which no training continues.
  public init(policy: LearnedPolicy, steps: Int, record: Record) {
    (self.policy, self.steps, self.record) = (policy, steps, record)
    trainingTensors = [:]
  }

  /// Returns a learner of the same make to this state.
  public func restore(_ learner: inout some Learner) throws(LearnerStateError) {
    try learner.restore(policy: policy, trainingTensors: trainingTensors)
  }
}

/// A folder that is not a checkpoint, or no longer one.
public struct CheckpointError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The path of the file or folder that is at fault.
  public let path: String
  /// What was found there.
  public let problem: String

  public var description: String { "\(path): \(problem)" }
}

private let policyName = "policy.safetensors"
private let trainingName = "training.safetensors"
private let recordName = "record.json"

/// The content of `record.json`.
private struct RecordFile<Record: Codable>: Codable {
  /// FNV-1a of every file: finds damage, not forgery. That of the record itself is taken while zeros
  /// stand in its place.
  var checksums: [String: String]
  var record: Record
  var steps: Int

  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}

extension Checkpoint {
  /// The names of its files.
  public static var fileNames: Set<String> { [policyName, trainingName, recordName] }

  /// The first tensor, by name, with a number that is not finite.
  public var firstNotFinite: String? {
    let all = policy.safetensors.tensors.merging(trainingTensors) { _, new in new }
    return all.keys.sorted().first { all[$0]?.isFinite == false }
  }

  /// Writes its files all at once, see `replaceFiles`.
  ///
  /// - Throws: without a change where a number is not finite: from there nothing can go on.
  public func write(to folder: URL) throws {
    if let name = firstNotFinite {
      throw CheckpointError(
        path: folder.path, problem: "not written: tensor \(name) has numbers that are not finite")
    }
    var files = [
      policyName: Data(policy.safetensors.encoded()),
      trainingName: Data(Safetensors(tensors: trainingTensors).encoded()),
    ]
    var record = RecordFile(
      checksums: files.mapValues { checksum($0) }, record: record, steps: steps)
    record.checksums[recordName] = blankChecksum
    record.checksums[recordName] = checksum(try record.encoded())
    files[recordName] = try record.encoded()
    try replaceFiles(files, in: folder)
  }

  /// Whether a folder holds any of its files.
  public static func isThere(_ folder: URL) -> Bool {
    fileNames.contains {
      FileManager.default.fileExists(atPath: currentFile($0, in: folder).path)
    }
  }

  /// Reads a folder and checks every file.
  public init(contentsOf folder: URL) throws(CheckpointError) {
    guard FileManager.default.fileExists(atPath: folder.path) else {
      throw CheckpointError(path: folder.path, problem: "no such folder")
    }
    // A training may be writing: the old files go while they are read.
    for _ in 0..<3 {
      if let read = try? Self(reading: folder) {
        self = read
        return
      }
    }
    try self.init(reading: folder)
  }

  private init(reading folder: URL) throws(CheckpointError) {
    let file: RecordFile<Record> = try Self.record(currentFile(recordName, in: folder))
    record = file.record
    steps = file.steps
    let policyFile = try Self.tensors(folder, policyName, file.checksums)
    do { policy = try LearnedPolicy(policyFile) } catch {
      throw CheckpointError(
        path: currentFile(policyName, in: folder).path, problem: error.description)
    }
    trainingTensors = try Self.tensors(folder, trainingName, file.checksums).tensors
  }

  private static func record(_ file: URL) throws(CheckpointError) -> RecordFile<Record> {
    let data = try contents(file)
    let record: RecordFile<Record>
    do { record = try JSONDecoder().decode(RecordFile<Record>.self, from: data) } catch {
      let problem = (error as? DecodingError)?.place ?? "\(error)"
      throw CheckpointError(path: file.path, problem: "not a record of this kind: \(problem)")
    }
    let expected = record.checksums[recordName] ?? "missing"
    let blank = String(decoding: data, as: UTF8.self)
      .replacingOccurrences(of: "\"\(expected)\"", with: "\"\(blankChecksum)\"")
    try check(checksum(blank.utf8), expected, file)
    return record
  }

  private static func tensors(
    _ folder: URL, _ name: String, _ checksums: [String: String]
  ) throws(CheckpointError) -> Safetensors {
    let file = currentFile(name, in: folder)
    let bytes = Array(try contents(file))
    try check(checksum(bytes), checksums[name] ?? "missing", file)
    do { return try Safetensors(decoding: bytes) } catch {
      throw CheckpointError(path: file.path, problem: error.description)
    }
  }

  private static func check(
    _ found: String, _ expected: String, _ file: URL
  ) throws(CheckpointError) {
    guard found == expected else {
      throw CheckpointError(
        path: file.path, problem: "the checksum is \(found), \(recordName) says \(expected)")
    }
  }

  private static func contents(_ file: URL) throws(CheckpointError) -> Data {
    do { return try Data(contentsOf: file) } catch {
      throw CheckpointError(path: file.path, problem: "cannot be read")
    }
  }
}

/// What stands in the record for its own checksum while that is taken.
private let blankChecksum = "fnv1a64:0000000000000000"

/// FNV-1a with 64 bits, in hexadecimal.
private func checksum(_ bytes: some Sequence<UInt8>) -> String {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  let digits = String(hash, radix: 16)
  return "fnv1a64:" + String(repeating: "0", count: 16 - digits.count) + digits
}
