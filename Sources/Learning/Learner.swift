/// An agent that learns: it owns its copies of the environment and improves its policy update by
/// update.
public protocol Learner: Sendable {
  /// Environment steps so far, over all copies.
  var stepsDone: Int { get }
  /// What has been learned so far.
  var policy: LearnedPolicy { get }
  /// Plays and learns once. The result is the same for any number of workers.
  mutating func update(workers: Int) -> UpdateReport
  /// Everything besides the policy that the future depends on.
  func trainingTensors() -> [String: Tensor]
  /// Returns to a policy and training tensors of a learner of the same make; after an error the
  /// learner is as before.
  mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError)
}

/// What one update did.
public struct UpdateReport: Sendable, Equatable {
  /// Environment steps so far, over all copies.
  public var stepsDone: Int
  /// Mean reward per step since the update before, in the environment's units.
  public var meanReward: Double
  /// Further figures by name, such as `policy_loss`, `entropy`, `kl` or `epsilon`.
  public var figures: [String: Double]

  public init(stepsDone: Int, meanReward: Double, figures: [String: Double]) {
    self.stepsDone = stepsDone
    self.meanReward = meanReward
    self.figures = figures
  }

  /// Figures beyond this are as lost as those that are not finite: a loss of this size is of values
  /// that `Float` no longer tells apart.
  public static let largestFigure = 1e15

  /// What is wrong with the first figure, by name, that is not finite or beyond `largestFigure`.
  public var fault: String? {
    func isLost(_ value: Double) -> Bool { !(abs(value) <= Self.largestFigure) }
    let lost =
      isLost(meanReward) ? ["mean_reward": meanReward] : figures.filter { isLost($0.value) }
    guard let (name, value) = lost.min(by: { $0.key < $1.key }) else { return nil }
    return "\(name) is " + (value.isNaN ? "not a number" : "\(value)")
  }
}

/// Saved tensors that do not belong to this learner.
public struct LearnerStateError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String
  public init(_ description: String) { self.description = description }
}
