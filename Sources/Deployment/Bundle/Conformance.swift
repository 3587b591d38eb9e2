import Algebra
import Learning

/// What a policy must answer at given observations, wherever and in whatever language it runs.
struct ConformanceVector: Codable, Sendable, Hashable {
  /// The observation; numbers that are not finite are written as text.
  var observation: [ConformanceNumber]
  /// Whether each action is allowed; all are if absent.
  var mask: [Bool]?
  /// One score per action, "-Infinity" where it is forbidden, or the action of an actor; empty where
  /// the observation must be refused.
  var scores: [ConformanceNumber]
  /// The action; `nil` where the observation must be refused, and for an actor.
  var action: Int?

  /// Scores may differ by this much between implementations.
  static let tolerance: Float = 1e-5

  /// What a policy answers.
  init(_ policy: LearnedPolicy, at observation: [Float], allowed: [Bool]? = nil) {
    let answer = PolicyAnswer(policy, to: observation, allowed: allowed)
    self.observation = observation.map(ConformanceNumber.init)
    mask = allowed
    scores = (answer?.scores ?? []).map(ConformanceNumber.init)
    action = answer?.action
  }

  /// Whether a policy answers as written: scores within the tolerance, and the same action where the
  /// two best scores differ by more than it.
  func isMet(by policy: LearnedPolicy) -> Bool {
    let answer = PolicyAnswer(policy, to: observation.map(\.value), allowed: mask)
    guard let answer else { return scores.isEmpty && action == nil }
    guard answer.scores.count == scores.count, (answer.action == nil) == (action == nil),
      zip(answer.scores, scores).allSatisfy({ Self.isClose($0, $1.value) })
    else { return false }
    if answer.action == action { return true }
    let best = scores.map(\.value).sorted(by: >)
    return best.count > 1 && best[0] - best[1] <= Self.tolerance
  }

  private static func isClose(_ a: Float, _ b: Float) -> Bool { a == b || abs(a - b) <= tolerance }
}

/// A number in JSON, with "NaN", "Infinity" and "-Infinity" as text.
struct ConformanceNumber: Codable, Sendable, Hashable {
  var value: Float

  init(_ value: Float) { self.value = value }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Float.self) {
      value = number
      return
    }
    switch try container.decode(String.self) {
    case "NaN": value = .nan
    case "Infinity": value = .infinity
    case "-Infinity": value = -.infinity
    case let text:
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "“\(text)” is not a number")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if value.isFinite {
      try container.encode(value)
    } else {
      try container.encode(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
    }
  }
}

/// Vectors that show what a policy does: common observations, far ones, the edges, forbidden actions,
/// and observations that must be refused.
///
/// - Parameters:
///   - schema: gives ranges and training moments.
///   - policy: its changes of action along each column are sought and shown from both sides.
func conformanceVectors(_ schema: FeatureSchema, policy: LearnedPolicy) -> [ConformanceVector] {
  let observations = ConformanceObservations(schema)
  let mean = observations.mean
  var vectors = (observations.extremes + observations.spread).map {
    ConformanceVector(policy, at: $0)
  }
  for column in mean.indices {
    vectors += observations.edges(of: policy, column).map { ConformanceVector(policy, at: $0) }
    for invalid in [Float.nan, .infinity, -.infinity] {
      var observation = mean
      observation[column] = invalid
      vectors.append(ConformanceVector(policy, at: observation))
    }
  }
  guard !policy.isActor, policy.actionCount > 1 else { return vectors }
  let actions = 0..<policy.actionCount
  for only in actions {
    vectors.append(ConformanceVector(policy, at: mean, allowed: actions.map { $0 == only }))
  }
  vectors.append(ConformanceVector(policy, at: mean, allowed: actions.map { _ in false }))
  for (k, observation) in observations.spread.enumerated() where k % 10 == 0 {
    let mask = observations.mask(k, count: policy.actionCount)
    vectors.append(ConformanceVector(policy, at: observation, allowed: mask))
  }
  return vectors
}

/// Observations around those of training, within the ranges of a schema.
private struct ConformanceObservations {
  let columns: [FeatureSchema.Column]
  let mean: [Float]
  private let deviation: [Float]
  private let source = RandomSource(seed: 1)

  init(_ schema: FeatureSchema) {
    columns = schema.columns
    mean = columns.map { Float($0.trainingMean) }
    deviation = columns.map { Float(max($0.trainingDeviation, 1e-6)) }
  }

  private func clamped(_ value: Float, _ column: Int) -> Float {
    min(
      max(value, columns[column].low ?? -.greatestFiniteMagnitude),
      columns[column].high ?? .greatestFiniteMagnitude)
  }

  /// The middle of training, zeros, and the ends of the ranges.
  var extremes: [[Float]] {
    [mean, columns.map { _ in 0 }]
      + [-1e6, 1e6].map { end in columns.indices.map { clamped(end, $0) } }
  }

  /// Random observations, by turns 4 and 12 deviations wide.
  var spread: [[Float]] {
    (0..<1920).map { k in
      let width: Float = k % 2 == 0 ? 4 : 12
      return columns.indices.map { column in
        let u = source.uniform(.evaluation, copy: UInt32(k), draw: column)
        return clamped(mean[column] + width * deviation[column] * Float(2 * u - 1), column)
      }
    }
  }

  /// Random permissions, half of them given.
  func mask(_ k: Int, count: Int) -> [Bool] {
    (0..<count).map { source.uniform(.evaluation, copy: UInt32(k), episode: 1, draw: $0) < 0.5 }
  }

  /// Observations along one column, and neighbours on both sides of each change of action.
  func edges(of policy: LearnedPolicy, _ column: Int) -> [[Float]] {
    func at(_ value: Float) -> [Float] {
      var observation = mean
      observation[column] = value
      return observation
    }
    // Of many columns fewer places each: a bundle is read in a moment.
    let count = min(200, max(8, 6000 / columns.count))
    let reach = 12 * deviation[column]
    let low = clamped(mean[column] - reach, column)
    let high = clamped(mean[column] + reach, column)
    let places = (0...count).map { low + (high - low) * Float($0) / Float(count) }
    var found: [[Float]] = []
    for (a, b) in zip(places, places.dropFirst()) {
      found.append(at(a))
      if let (left, right) = change(between: a, b, { policy.greedyAction(at($0)) }) {
        found += [at(left), at(right)]
      }
    }
    return found
  }

  /// Neighbouring numbers between which an action changes.
  private func change(
    between a: Float, _ b: Float, _ action: (Float) -> Int?
  ) -> (Float, Float)? {
    var (left, right) = (a, b)
    guard action(left) != action(right) else { return nil }
    while left.nextUp < right {
      let middle = left + (right - left) / 2
      guard middle > left, middle < right else { break }
      if action(middle) == action(left) { left = middle } else { right = middle }
    }
    return (left, right)
  }
}
