public import Algebra

/// Deposits (positive) and withdrawals (negative), in currency; they land in cash after the market's
/// move.
public struct CashFlows: Sendable, Hashable {
  /// An amount at regular intervals.
  public struct Schedule: Sendable, Hashable {
    public var amount: Double
    /// The flow lands at the end of steps `everySteps` − 1, 2 · `everySteps` − 1 and so forth.
    public var everySteps: Int
    public init(amount: Double, everySteps: Int) {
      self.amount = amount
      self.everySteps = everySteps
    }
  }

  /// An amount by chance: with a probability per step, normal with a mean and a deviation.
  public struct Chance: Sendable, Hashable {
    public var probability: Double
    public var mean: Double
    public var deviation: Double
    public init(probability: Double, mean: Double, deviation: Double) {
      self.probability = probability
      self.mean = mean
      self.deviation = deviation
    }
  }

  public var schedules: [Schedule]
  public var chance: Chance?

  public init(schedules: [Schedule] = [], chance: Chance? = nil) {
    self.schedules = schedules
    self.chance = chance
  }

  /// Whether nothing ever flows.
  public var isEmpty: Bool { schedules.isEmpty && chance == nil }

  /// What lands by schedule at the end of a step; known before it.
  public func scheduled(step: Int) -> Double {
    schedules.reduce(0) { $0 + ((step + 1) % $1.everySteps == 0 ? $1.amount : 0) }
  }

  /// What lands by chance at the end of a step, a pure function of seed, copy, episode and step.
  public func random<L: Lanes>(
    source: RandomSource, copy: L.Words, episode: L.Words, step: L.Words
  ) -> L {
    guard let chance else { return L(repeating: 0) }
    let words = source.words(.flows, copy: copy, episode: episode, step: step, draw: 0)
    let (normal, _, _, _): (L, L, L, L) = source.normals(
      .flows, copy: copy, episode: episode, step: step, draw: 1)
    let amount =
      L(repeating: L.Scalar(chance.mean)) + L(repeating: L.Scalar(chance.deviation)) * normal
    let isFlowing = L(unitInterval: words.0) .< L(repeating: L.Scalar(chance.probability))
    return L(repeating: 0).replacing(with: amount, where: isFlowing)
  }
}
