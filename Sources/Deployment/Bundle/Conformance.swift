import Algebra
import Learning

/// What a policy must answer at given observations, wherever and in whatever language it runs.
struct ConformanceVector: Codable, Sendable, Hashable {
  /// The observation; numbers that are not finite are written as text.
  var observation: [ConformanceNumber]
  /// One score per action, or the action of an actor; empty where the observation must be refused.
  var scores: [ConformanceNumber]
  /// The action; `nil` where the observation must be refused, and for an actor.
  var action: Int?

  /// Scores may differ by this much between implementations.
  static let tolerance: Float = 1e-5

  /// What a policy answers.
  init(_ policy: LearnedPolicy, at observation: [Float]) {
    self.observation = observation.map(ConformanceNumber.init)
    action = policy.greedyAction(observation)
    let answer = action == nil ? policy.values(observation) ?? [] : policy.scores(observation)
    scores = answer.map(ConformanceNumber.init)
  }

  /// Whether a policy answers as written: scores within the tolerance, and the same action where the
  /// two best scores differ by more than it.
  func isMet(by policy: LearnedPolicy) -> Bool {
    let observation = observation.map(\.value)
    let found = policy.greedyAction(observation)
    guard !scores.isEmpty else { return found == nil && policy.values(observation) == nil }
    let expected = scores.map(\.value)
    guard observation.count == policy.observationSize, observation.allSatisfy(\.isFinite),
      (found == nil) == (action == nil)
    else { return false }
    let answer = policy.scores(observation)
    guard answer.count == expected.count,
      zip(answer, expected).allSatisfy({ abs($0 - $1) <= Self.tolerance })
    else { return false }
    let best = expected.sorted(by: >)
    return found == action || best[0] - best[1] <= Self.tolerance
  }
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

/// Observations that show what a policy does: common ones, far ones, the edges, and invalid ones.
///
/// - Parameters:
///   - schema: gives ranges and training moments.
///   - policy: its changes of action along each column are sought and shown from both sides.
func conformanceObservations(_ schema: FeatureSchema, policy: LearnedPolicy) -> [[Float]] {
  let source = RandomSource(seed: 1)
  let columns = schema.columns
  let mean = columns.map { Float($0.trainingMean) }
  let deviation = columns.map { Float(max($0.trainingDeviation, 1e-6)) }
  func clamped(_ value: Float, _ column: Int) -> Float {
    min(
      max(value, columns[column].low ?? -.greatestFiniteMagnitude),
      columns[column].high ?? .greatestFiniteMagnitude)
  }
  var observations = [mean, columns.map { _ in 0 }]
  observations.append(columns.indices.map { clamped(-1e6, $0) })
  observations.append(columns.indices.map { clamped(1e6, $0) })
  for k in 0..<1920 {
    let width: Float = k % 2 == 0 ? 4 : 12
    observations.append(
      columns.indices.map { column in
        let u = source.uniform(.evaluation, copy: UInt32(k), draw: column)
        return clamped(mean[column] + width * deviation[column] * Float(2 * u - 1), column)
      })
  }
  for column in columns.indices {
    let reach = 12 * deviation[column]
    observations += edges(
      policy, from: mean, column: column, low: clamped(mean[column] - reach, column),
      high: clamped(mean[column] + reach, column))
    for invalid in [Float.nan, .infinity, -.infinity] {
      var observation = mean
      observation[column] = invalid
      observations.append(observation)
    }
  }
  return observations
}

/// Neighbouring observations on both sides of each change of action along one column.
private func edges(
  _ policy: LearnedPolicy, from mean: [Float], column: Int, low: Float, high: Float
) -> [[Float]] {
  func at(_ value: Float) -> [Float] {
    var observation = mean
    observation[column] = value
    return observation
  }
  var found: [[Float]] = []
  let count = 200
  let places = (0...count).map { low + (high - low) * Float($0) / Float(count) }
  for (a, b) in zip(places, places.dropFirst()) {
    found.append(at(a))
    guard policy.greedyAction(at(a)) != policy.greedyAction(at(b)) else { continue }
    var (left, right) = (a, b)
    while left.nextUp < right {
      let middle = left + (right - left) / 2
      guard middle > left, middle < right else { break }
      if policy.greedyAction(at(middle)) == policy.greedyAction(at(left)) {
        left = middle
      } else {
        right = middle
      }
    }
    found += [at(left), at(right)]
  }
  return found
}
