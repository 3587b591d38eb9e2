/// How an agent learns: the keys of its file in `agents/`, with their defaults and valid values.
public protocol LearningConfiguration: Sendable, Hashable, Codable {
  /// The defaults.
  init()
  /// The names of all keys.
  static var keys: [String] { get }
  /// Environment steps of the whole training, over all copies.
  var totalSteps: Int { get }
  /// Throws at the first value that cannot be meant.
  func validate() throws(LearningConfigurationError)
}

/// A configuration that no agent can be made of.
public struct LearningConfigurationError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension LearningConfiguration {
  /// Throws the message where the condition does not hold.
  func check(
    _ condition: Bool, _ message: @autoclosure () -> String
  ) throws(LearningConfigurationError) {
    guard condition else { throw LearningConfigurationError(message()) }
  }

  /// Throws where a number is below 1 or above `most`.
  func checkCounts(
    _ counts: KeyValuePairs<String, Int>, most: Int = .max
  ) throws(LearningConfigurationError) {
    for (name, count) in counts {
      try check(count > 0, "\(name) is \(count), valid is 1 or more")
      try check(count <= most, "\(name) is \(count), valid is at most \(most)")
    }
  }

  /// Throws where a number is not positive and finite.
  func checkPositive(
    _ numbers: KeyValuePairs<String, Double>
  ) throws(LearningConfigurationError) {
    for (name, number) in numbers {
      try check(
        number > 0 && number.isFinite, "\(name) is \(number), valid is a positive number")
    }
  }

  /// Throws where a number is not 0 or more and finite.
  func checkNotNegative(
    _ numbers: KeyValuePairs<String, Double>
  ) throws(LearningConfigurationError) {
    for (name, number) in numbers {
      try check(number >= 0 && number.isFinite, "\(name) is \(number), valid is 0 or more")
    }
  }

  /// Throws where a number is not 0 to 1.
  func checkShares(
    _ numbers: KeyValuePairs<String, Double>
  ) throws(LearningConfigurationError) {
    for (name, number) in numbers {
      try check(number >= 0 && number <= 1, "\(name) is \(number), valid is 0 to 1")
    }
  }

  /// Throws where a width of a layer is not one.
  func checkWidths(
    _ layers: KeyValuePairs<String, [Int]>
  ) throws(LearningConfigurationError) {
    for (name, sizes) in layers {
      try check(
        sizes.allSatisfy { $0 > 0 && $0 <= 1 << 14 },
        "\(name) is \(sizes), valid are widths of 1 to \(1 << 14)")
    }
  }
}

extension Range where Bound == Int {
  /// 0 ..< count cut into `parts` ranges whose lengths differ by at most one.
  static func split(_ count: Int, into parts: Int) -> [Range<Int>] {
    (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
  }
}
