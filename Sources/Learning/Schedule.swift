import Algebra

/// How a number goes from its first to its last value over steps of training.
public enum ScheduleShape: String, Sendable, Hashable, CaseIterable, Codable {
  /// It stays at the first value.
  case constant
  /// In a straight line.
  case linear
  /// Its inverse in a straight line: a / (1 + bt).
  case harmonic
  /// Its logarithm in a straight line.
  case exponential
}

/// A number that depends on the steps done; after the last step of the schedule it stays.
struct Schedule: Sendable, Hashable {
  let shape: ScheduleShape
  let first: Double
  let last: Double
  /// Steps over which it changes.
  let steps: Int

  /// The value after `done` steps.
  func value(after done: Int) -> Double {
    let progress = min(Double(done) / Double(steps), 1)
    return switch shape {
    case .constant: first
    case .linear: first + progress * (last - first)
    case .harmonic: first / (1 + progress * (first / last - 1))
    case .exponential: first * Double.exp(progress * Double.log(last / first))
    }
  }

  /// Throws where the shape needs values above 0 and has others.
  func validate(_ name: String) throws(LearningConfigurationError) {
    guard shape == .harmonic || shape == .exponential else { return }
    guard first > 0 && last > 0 else {
      throw LearningConfigurationError(
        "\(name) goes from \(first) to \(last), valid for \(shape.rawValue) are numbers above 0")
    }
  }
}
