/// Trades when an asset's weight has left a band around its target, back to a given distance from it.
///
/// At the band's edge nothing fires (`>`). The destination lies on the way to the target, where the
/// farthest asset is `destination` away from it: 0 is the target, the band itself is its edge.
public struct BandRule: Rule {
  /// What the distance from the target is measured in.
  public enum Measure: Sendable, Hashable {
    /// Weight.
    case absolute
    /// The asset's own target weight.
    case relative
  }

  public let name: String
  /// Half-width of the band.
  public let band: Double
  /// Distance from the target after a trade.
  public let destination: Double
  /// What both are measured in.
  public let measure: Measure

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    var (asset, farthest) = (0, 0.0)
    for i in portfolio.deviations.indices {
      let distance = distance(of: i, portfolio)
      if distance > farthest { (asset, farthest) = (i, distance) }
    }
    guard farthest > band else { return .noAction("all assets within \(band)") }
    return TriggerDecision(
      fraction: 1 - destination / farthest,
      reasons: [
        "\(portfolio.snapshot.assets[asset]) is \(farthest) from its target, beyond \(band)"
      ])
  }

  private func distance(of i: Int, _ portfolio: RuledPortfolio) -> Double {
    let distance = portfolio.distance(of: i)
    return measure == .relative && distance > 0
      ? distance / portfolio.snapshot.targets[i] : distance
  }

  /// The band's half-width around each target, in weight.
  public func halfWidths(targets: [Double]) -> [Double] {
    switch measure {
    case .absolute: targets.map { _ in band }
    case .relative: targets.map { band * $0 }
    }
  }
}
