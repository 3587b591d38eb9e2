// Functions are named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CRebalancing
import Deployment
import Experiments
import Foundation
import Gym
import Rebalancing

/// What `rebalancing_environment` stands for.
final class EnvironmentHandle {
  let spec: EnvironmentSpec
  let copies: any BoundEnvironment

  init(_ request: EnvironmentRequest) throws {
    spec = try EnvironmentSpec(path: request.file, overrides: request.set ?? [])
    var task = spec.task
    if let name = request.autoreset {
      guard let mode = Autoreset(rawValue: name) else {
        let valid = Autoreset.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("autoreset is \(name), valid are \(valid)")
      }
      task.autoreset = mode
    }
    let (count, first) = (request.copies ?? 1, request.firstCopy ?? 0)
    guard (1...1 << 24).contains(count) else {
      throw UsageError("copies is \(count), valid are 1 to \(1 << 24)")
    }
    guard (0...1 << 31).contains(first) else {
      throw UsageError("first_copy is \(first), valid are 0 to \(1 << 31)")
    }
    copies =
      switch task.precision {
      case .float: BoundCopies<SIMD16<Float>>(task, count: count, firstCopy: first)
      case .double: BoundCopies<SIMD8<Double>>(task, count: count, firstCopy: first)
      }
  }
}

/// What `rebalancing_environment_create` takes.
struct EnvironmentRequest: Decodable {
  var file: String
  var set: [String]?
  var copies: Int?
  var firstCopy: Int?
  var autoreset: String?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case file, set, copies, autoreset
    case firstCopy = "first_copy"
  }
}

/// What `rebalancing_environment_describe` says.
private struct EnvironmentDescription: Encodable {
  var id: String
  var sha256: String
  var copies: Int
  var assets: [String]
  var targets: [Double]
  var features: [Feature]
  var actions: Actions
  var horizon: Int
  var stepsPerYear: Double
  var initialValue: Double
  var rewardScale: Double
  var autoreset: String
  var precision: String
  /// The problem in words.
  var words: TaskDescription

  struct Feature: Encodable {
    var name: String
    var unit: String
    /// Bounds; absent where there is none.
    var low: Float?
    var high: Float?
  }

  struct Actions: Encodable {
    var family: String
    /// Number of choices; absent for a box.
    var count: Int?
    /// Fractions of the way to target, one per choice but that of harvesting.
    var fractions: [Double]
    var harvests: Bool
    var low: [Float]?
    var high: [Float]?
  }

  enum CodingKeys: String, CodingKey {
    case id, sha256, copies, assets, targets, features, actions, autoreset, precision, words
    case horizon = "horizon_steps"
    case stepsPerYear = "steps_per_year"
    case initialValue = "initial_value"
    case rewardScale = "reward_scale"
  }

  init(_ handle: EnvironmentHandle) {
    let task = handle.copies.task
    id = task.id
    sha256 = handle.spec.sha256
    copies = handle.copies.count
    (assets, targets) = (task.assets, task.targets)
    features = task.observation.columns.map {
      Feature(
        name: $0.name, unit: $0.unit, low: $0.low.isFinite ? $0.low : nil,
        high: $0.high.isFinite ? $0.high : nil)
    }
    actions = Actions(
      family: task.actionFamily.rawValue, fractions: task.actions, harvests: task.hasHarvestAction)
    switch task.actionSpace {
    case .discrete(let count): actions.count = count
    case .box(let low, let high): (actions.low, actions.high) = (low, high)
    }
    (horizon, stepsPerYear) = (task.horizon, task.stepsPerYear)
    (initialValue, rewardScale) = (task.initialValue, task.rewardScale)
    (autoreset, precision) = (task.autoreset.rawValue, task.precision.rawValue)
    words = TaskDescription(task)
  }
}

private func copies(_ handle: OpaquePointer?) throws -> any BoundEnvironment {
  try unsafe Handle.object(handle, as: EnvironmentHandle.self).copies
}

@c @implementation
public func rebalancing_environment_create(
  _ request: UnsafePointer<CChar>?, _ environment: UnsafeMutablePointer<OpaquePointer?>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    guard let environment = unsafe environment else {
      throw UsageError("there is no place for the environment")
    }
    let keys = EnvironmentRequest.CodingKeys.allCases.map(\.rawValue)
    let request = try unsafe decoded(request, as: EnvironmentRequest.self, keys: keys)
    unsafe environment.pointee = unsafe Handle.make(try EnvironmentHandle(request))
  }
}

@c @implementation
public func rebalancing_environment_free(_ environment: OpaquePointer?) {
  unsafe Handle.free(environment, as: EnvironmentHandle.self)
}

@c @implementation
public func rebalancing_environment_describe(
  _ environment: OpaquePointer?, _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    let handle = try unsafe Handle.object(environment, as: EnvironmentHandle.self)
    try unsafe give(try json(EnvironmentDescription(handle)), to: text)
  }
}

@c @implementation
public func rebalancing_environment_bind(
  _ environment: OpaquePointer?, _ buffers: UnsafePointer<rebalancing_buffers>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    guard let buffers = unsafe buffers else { throw UsageError("the buffers are null") }
    try unsafe copies(environment).bind(buffers.pointee)
  }
}

@c @implementation
public func rebalancing_environment_reset(
  _ environment: OpaquePointer?, _ seed: UInt64, _ message: UnsafeMutablePointer<CChar>?,
  _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) { try unsafe copies(environment).reset(seed: seed) }
}

@c @implementation
public func rebalancing_environment_reset_some(
  _ environment: OpaquePointer?, _ mask: UnsafePointer<Bool>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) { try unsafe copies(environment).reset(where: mask) }
}

@c @implementation
public func rebalancing_environment_step(
  _ environment: OpaquePointer?, _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) { try unsafe copies(environment).step() }
}

@c @implementation
public func rebalancing_environment_show(
  _ environment: OpaquePointer?, _ copy: Int64,
  _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    let portfolio = try unsafe copies(environment).portfolio(of: Int(copy))
    try unsafe give(try json(portfolio), to: text)
  }
}

@c @implementation
public func rebalancing_environment_state(
  _ environment: OpaquePointer?, _ state: UnsafeMutablePointer<UInt8>?,
  _ size: UnsafeMutablePointer<Int64>?, _ message: UnsafeMutablePointer<CChar>?,
  _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    guard let size = unsafe size else { throw UsageError("there is no place for the size") }
    let bytes = try unsafe copies(environment).encodedState()
    let room = unsafe Int(size.pointee)
    unsafe size.pointee = Int64(bytes.count)
    guard let state = unsafe state else { return }
    guard room >= bytes.count else {
      throw UsageError("there is room for \(room) bytes, the state has \(bytes.count)")
    }
    for (place, byte) in bytes.enumerated() { unsafe state[place] = byte }
  }
}

@c @implementation
public func rebalancing_environment_restore(
  _ environment: OpaquePointer?, _ state: UnsafePointer<UInt8>?, _ size: Int64,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    guard let state = unsafe state, size >= 0 else { throw UsageError("the state is null") }
    let bytes = unsafe Array(UnsafeBufferPointer(start: state, count: Int(size)))
    try unsafe copies(environment).restore(bytes)
  }
}
