/// Trades when an asset has left a band of its own, as far back as brings every asset to a share of
/// its band.
///
/// With half-width `hᵢ` and `d = w − w*`, it fires where `|dᵢ| > hᵢ` for some asset; then
/// `f = max (1 − share · hᵢ / |dᵢ|)⁺`: 0 is the target, 1 the edge, the smallest trade that brings
/// every asset inside.
public struct AssetBandRule: Rule {
  /// What a band is measured in.
  public enum Width: Sendable, Hashable {
    /// Weight.
    case weight(Double)
    /// The asset's target weight.
    case share(Double)
    /// The smaller of weight and share of the target.
    case smaller(weight: Double, share: Double)
    /// The asset's volatility per √year, as it is now.
    case volatility(multiple: Double)
  }

  public let name: String
  /// One per asset.
  public let widths: [Width]
  /// Where a trade ends, as a share of the band.
  public let share: Double
  public let needs: TriggerNeeds

  init(name: String, widths: [Width], share: Double, assets: [String]) {
    self.name = name
    self.widths = widths
    self.share = share
    let isScaled = widths.contains { if case .volatility = $0 { true } else { false } }
    needs = TriggerNeeds(facts: isScaled ? [.volatility] : [], assets: assets)
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let volatilities = portfolio.numbers(.volatility)
    var fraction = 0.0
    var outside: Int?
    for i in widths.indices {
      let width = halfWidth(
        i, target: portfolio.snapshot.targets[i],
        volatility: volatilities.isEmpty ? 0 : volatilities[i])
      let distance = portfolio.distance(of: i)
      if distance > width, outside == nil { outside = i }
      if distance > share * width { fraction = max(fraction, 1 - share * width / distance) }
    }
    guard let outside else { return .noAction("all assets within their bands") }
    return TriggerDecision(
      fraction: fraction,
      reasons: [
        "\(portfolio.snapshot.assets[outside]) is \(portfolio.distance(of: outside)) from its "
          + "target, beyond its band"
      ])
  }

  private func halfWidth(_ i: Int, target: Double, volatility: Double) -> Double {
    switch widths[i] {
    case .weight(let weight): weight
    case .share(let share): share * target
    case .smaller(let weight, let share): min(weight, share * target)
    case .volatility(let multiple): multiple * volatility
    }
  }

  /// The band's half-width around each target, in weight; `nil` where it changes with the market.
  public func halfWidths(targets: [Double]) -> [Double]? {
    needs.facts.isEmpty
      ? widths.indices.map { halfWidth($0, target: targets[$0], volatility: 0) } : nil
  }
}
