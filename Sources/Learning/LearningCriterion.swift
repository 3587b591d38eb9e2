/// What an agent maximises.
public enum LearningCriterion: String, Sendable, Hashable, CaseIterable, Codable {
  /// The expected sum of γᵗ rₜ.
  case discounted
  /// The long-run mean of rₜ. Values are differential: expected excess over the mean from here on.
  case averageReward = "average_reward"
}

/// A configuration that no agent can be made of.
public struct LearningConfigurationError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  static func check(_ condition: Bool, _ message: @autoclosure () -> String) throws(Self) {
    guard condition else { throw Self(description: message()) }
  }
}

extension KeyedDecodingContainer {
  /// The value of a key, or the default where the key is absent.
  func value<T: Decodable>(_ key: Key, or defaultValue: T) throws -> T {
    try decodeIfPresent(T.self, forKey: key) ?? defaultValue
  }
}

extension Range where Bound == Int {
  /// 0 ..< count cut into `parts` ranges whose lengths differ by at most one.
  static func split(_ count: Int, into parts: Int) -> [Range<Int>] {
    (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
  }
}
