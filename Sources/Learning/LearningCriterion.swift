/// What an agent maximises.
public enum LearningCriterion: String, Sendable, Hashable, CaseIterable, Codable {
  /// The expected sum of γᵗ rₜ.
  case discounted
  /// The long-run mean of rₜ. Values are differential: expected excess over the mean from here on.
  case averageReward = "average_reward"
}
