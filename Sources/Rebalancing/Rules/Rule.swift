/// A trigger that is asked only about portfolios which are whole and bring what it needs; rules of
/// rules share the work on one.
public protocol Rule: Trigger {
  func decide(on portfolio: RuledPortfolio) -> TriggerDecision
}

extension Rule {
  /// Answers no action, with the reason, where the snapshot lacks something or holds no numbers.
  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    do throws(RuledPortfolio.Defect) {
      return decide(on: try RuledPortfolio(snapshot, for: needs))
    } catch {
      return .invalid(error.description, .schema)
    }
  }
}

/// A portfolio as rules see it: a whole snapshot, with weights and deviations worked out once.
public struct RuledPortfolio: Sendable {
  public let snapshot: PortfolioSnapshot
  /// w, of sum 1.
  public let weights: [Double]
  /// w − w*.
  public let deviations: [Double]

  /// Why a rule cannot answer.
  public struct Defect: Error, CustomStringConvertible, Sendable {
    public let description: String
    init(_ description: String) { self.description = description }
  }

  /// - Throws: where numbers are missing, of the wrong count or not finite.
  public init(_ snapshot: PortfolioSnapshot, for needs: TriggerNeeds) throws(Defect) {
    let count = snapshot.assets.count
    guard snapshot.holdings.count == count, snapshot.targets.count == count, count > 0 else {
      throw Defect("one holding and one target for each of \(count) assets are needed")
    }
    if let refusal = needs.assets.flatMap(snapshot.refusal(for:)) { throw Defect(refusal) }
    let value = snapshot.value
    guard value > 0, value.isFinite else {
      throw Defect("holdings: they sum to \(value), a positive finite value is needed")
    }
    let deviations = snapshot.holdings.indices.map {
      snapshot.holdings[$0] / value - snapshot.targets[$0]
    }
    guard deviations.allSatisfy(\.isFinite) else {
      throw Defect("target_weights: one is not a finite number")
    }
    for fact in needs.facts { try Self.check(fact, of: snapshot, assets: count) }
    self.snapshot = snapshot
    weights = snapshot.holdings.map { $0 / value }
    self.deviations = deviations
  }

  private static func check(
    _ fact: Fact, of snapshot: PortfolioSnapshot, assets: Int
  ) throws(Defect) {
    guard let given = snapshot.facts?[fact.rawValue] else {
      throw Defect("facts.\(fact.rawValue): missing, the rule needs it")
    }
    let isFitting =
      switch fact.definition.shape {
      case .one: given.count == 1
      case .two: given.count == 2
      case .perAsset: given.count == assets
      case .perRegime: !given.isEmpty
      }
    guard isFitting else { throw Defect("facts.\(fact.rawValue): \(given.count) numbers") }
    guard given.allSatisfy(\.isFinite) else {
      throw Defect("facts.\(fact.rawValue): one is not a finite number")
    }
  }

  /// The same portfolio after a trade that costs nothing; facts are as before it.
  ///
  /// - Parameter weights: of sum 1.
  func holding(_ weights: [Double]) -> RuledPortfolio {
    let value = snapshot.value
    var after = snapshot
    after.holdings = weights.map { $0 * value }
    return RuledPortfolio(snapshot: after, weights: weights)
  }

  private init(snapshot: PortfolioSnapshot, weights: [Double]) {
    self.snapshot = snapshot
    self.weights = weights
    deviations = zip(weights, snapshot.targets).map { $0 - $1 }
  }

  /// The numbers of a fact that the rule needs; empty where it is none of those.
  func numbers(_ fact: Fact) -> [Double] { snapshot.facts?[fact.rawValue] ?? [] }

  /// A fact of one number; NaN, which is beyond no threshold, where the rule does not need it.
  func number(_ fact: Fact) -> Double { numbers(fact).first ?? .nan }

  /// The asset that is farthest from its target, and |w − w*|; infinite for a holding that has none.
  var farthest: (asset: Int, distance: Double) {
    var (asset, distance) = (0, 0.0)
    for i in deviations.indices {
      let own = self.distance(of: i)
      if own > distance { (asset, distance) = (i, own) }
    }
    return (asset, distance)
  }

  /// |w − w*| of an asset; infinite for a holding without a target, which is out of any band.
  func distance(of i: Int) -> Double {
    snapshot.targets[i] == 0 && deviations[i] != 0 ? .infinity : abs(deviations[i])
  }

  /// Σ|w − w*|.
  var totalDistance: Double { deviations.reduce(0) { $0 + abs($1) } }

  /// The trades of a decision, v − w.
  func trades(of decision: TriggerDecision) -> [Double] {
    if let destination = decision.destination {
      return zip(destination, weights).map { $0 - $1 }
    }
    return deviations.map { -decision.fraction * $0 }
  }
}
