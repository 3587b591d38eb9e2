import Rebalancing

/// What is decided along a line of portfolios: one weight varies, the others share the rest as they do
/// at the state.
public struct DecisionLine: Sendable, Hashable, Encodable {
  /// The asset whose weight varies.
  public var asset: String
  /// Its weight at the state.
  public var here: Double
  public var target: Double
  /// From weight 0 to weight 1 without a gap.
  public var segments: [Segment]

  /// Weights at which the same kind of thing is decided.
  public struct Segment: Sendable, Hashable, Encodable {
    /// Weights of the asset, a range.
    public var from: Double
    public var to: Double
    public var action: String
    /// Fractions of the way to the target at the two ends.
    public var fractions: [Double]
    /// The asset's weights after the decision at the two ends.
    public var destinations: [Double]

    var isTrade: Bool { action != TriggerDecision.Action.none.rawValue }

    func contains(_ weight: Double) -> Bool { from <= weight && weight <= to }
  }

  enum CodingKeys: String, CodingKey {
    case asset, here, segments
    case target = "target_weight"
  }

  /// The weights around the target at which nothing is done; `nil` where the target itself is traded.
  public var noTrade: ClosedRange<Double>? {
    segments.first { !$0.isTrade && $0.contains(target) }.map { $0.from...$0.to }
  }

  /// Edges are found to this; smooth decisions vary by less on such a way.
  private static let resolution = 1e-10
  /// Places that are compared; around the target there are more.
  private static let places = 1_000

  init(
    _ asset: Int, around state: ExplainedState,
    decide: (PortfolioSnapshot) -> TriggerDecision
  ) {
    let snapshot = state.snapshot
    let line = WeightLine(asset: asset, weights: snapshot.weights, targets: snapshot.targets)
    func decision(_ weight: Double) -> TriggerDecision {
      decide(state.holding(line.weights(weight)))
    }
    self.asset = snapshot.assets[asset]
    here = snapshot.weights[asset]
    target = snapshot.targets[asset]
    let changes = decisionChanges(
      between: Self.places(around: target), resolution: Self.resolution, decision)
    let cuts = [0] + changes + [1]
    segments = zip(cuts, cuts.dropFirst()).map { from, to in
      let inset = min(1e-9, (to - from) / 4)
      let ends = [from + inset, to - inset]
      let decisions = ends.map(decision)
      return Segment(
        from: from, to: to, action: decisions[0].action.rawValue,
        fractions: decisions.map(\.fraction),
        destinations: zip(ends, decisions).map { weight, decision in
          decision.destination?[asset]
            ?? weight + decision.fraction * (snapshot.targets[asset] - weight)
        })
    }
  }

  private static func places(around target: Double) -> [Double] {
    let even = (0...places).map { Double($0) / Double(places) }
    let dense = (0..<24).flatMap { k -> [Double] in
      let distance = 0.05 / Double(1 << k)
      return [target - distance, target + distance]
    }
    return (even + dense + [target]).filter { (0...1).contains($0) }.sorted()
  }
}

/// Portfolios in which one weight varies.
struct WeightLine {
  let asset: Int
  /// Of the others, each one's share of what they hold together.
  private let shares: [Double]

  init(asset: Int, weights: [Double], targets: [Double]) {
    self.asset = asset
    shares = sharesOfRest(without: [asset], weights, targets)
  }

  func weights(_ weight: Double) -> [Double] {
    shares.indices.map { $0 == asset ? weight : shares[$0] * (1 - weight) }
  }
}

/// What each asset has of all but some: by weight, by target where those others hold nothing, or
/// evenly.
func sharesOfRest(without fixed: [Int], _ weights: [Double], _ targets: [Double]) -> [Double] {
  let even = weights.map { _ in 1.0 }
  for numbers in [weights, targets, even] {
    let others = numbers.indices.map { fixed.contains($0) ? 0 : numbers[$0] }
    let sum = others.reduce(0, +)
    if sum > 1e-9 { return others.map { $0 / sum } }
  }
  return even.map { _ in 0 }
}
