import Foundation

/// When to realise the gain of a single lot: now, once it is long term, or never.
///
/// A portfolio is one lot of a risky asset, weight w, and cash of no return. Each month, first a
/// decision: sell down to v ≤ w, for good, at a tax of τ (w − v)(1 − 1/p), where p is price over basis
/// and τ the short-term rate up to twelve months of holding, the long-term rate after; a loss earns
/// the same rate. Then v costs (γ/2)σ²(v − w*)²/12 of drift, and the price moves by e^{±σ√(1/12)}, up
/// with probability ½ + (m/σ)√(1/12)/2. At the end the rest is taxed as a sale (`liquidation`) or
/// never (`stepUp`). All are fractions of the value at their time; their expected sum is minimised.
///
/// Log-odds of w and of p move together, so on a lattice whose spacing divides the market's move the
/// backward recursion is free of interpolation; only sales are rounded to its nodes.
public struct TaxDeferral: Sendable, Hashable {
  public enum End: String, Sendable, Hashable, CaseIterable {
    case liquidation
    case stepUp = "step_up"
  }

  /// What a policy costs, expected, as a fraction of value.
  public struct Cost: Sendable, Hashable {
    public var tax = 0.0
    public var drift = 0.0
    public var total: Double { tax + drift }
  }

  /// The optimum and what it is compared with.
  public enum Rule: String, Sendable, CaseIterable {
    case optimum
    /// Sells down to the target whenever above it.
    case always
    /// The same, but nothing before gains are long term.
    case onceLongTerm = "once_long_term"
    /// Holds to the end.
    case never
  }

  /// Parameters of the model.
  public struct Parameters: Sendable, Hashable {
    /// Of the lot at the start, in (0, 1).
    public var weight = 0.8
    /// w* in (0, 1).
    public var target = 0.6
    /// Unrealised gain over basis, p − 1, above −1.
    public var gain = 0.5
    /// Months the lot has been held.
    public var monthsHeld = 6
    /// Decisions, one a month.
    public var months = 60
    /// σ per √year.
    public var volatility = 0.1628
    /// m, drift of the log price per year.
    public var drift = 0.0285
    /// γ
    public var riskAversion = 5.0
    public var shortRate = 0.35
    public var longRate = 0.15
    public var end = End.liquidation
    public init() {}
  }

  public let parameters: Parameters
  /// By rule.
  public let costs: [Rule: Cost]
  /// Where the optimum sells to at once; the weight itself where it waits.
  public let firstDestination: Double

  /// - Throws: where a parameter is out of range.
  public init(_ parameters: Parameters) throws(NoReferenceSolution) {
    try parameters.validate()
    self.parameters = parameters
    let lattice = DeferralLattice(parameters)
    var costs: [Rule: Cost] = [:]
    var destination = parameters.weight
    for rule in Rule.allCases {
      let (cost, first) = lattice.cost(of: rule)
      costs[rule] = cost
      if rule == .optimum { destination = first }
    }
    self.costs = costs
    firstDestination = destination
  }
}

extension TaxDeferral.Parameters {
  fileprivate func validate() throws(NoReferenceSolution) {
    func refuse(_ text: String) -> NoReferenceSolution { NoReferenceSolution(text) }
    for (name, value) in [("weight", weight), ("target", target)] where !(value > 0 && value < 1) {
      throw refuse("the \(name) is \(value), a number between 0 and 1 is valid")
    }
    guard gain > -1, gain <= 1000 else {
      throw refuse("the gain is \(gain), a number above -1 and at most 1000 is valid")
    }
    guard (1...180).contains(months) else {
      throw refuse("there are \(months) months, 1 to 180 are valid")
    }
    guard monthsHeld >= 0 else { throw refuse("months held are \(monthsHeld), 0 or more is valid") }
    guard volatility >= 0.01, volatility <= 2 else {
      throw refuse("sigma is \(volatility), a number from 0.01 to 2 is valid")
    }
    guard abs(drift) <= volatility * 12.0.squareRoot() else {
      throw refuse(
        "the drift is \(drift), at most sigma times the root of 12, "
          + "\(volatility * 12.0.squareRoot()), is valid")
    }
    guard riskAversion >= 0, riskAversion.isFinite else {
      throw refuse("gamma is \(riskAversion), 0 or more is valid")
    }
    try Oracles.validate(rate: shortRate, "short-term")
    try Oracles.validate(rate: longRate, "long-term")
  }
}

/// The recursion of one rule. Node j has log-odds logit w* + (j − centre) δ; state k counts the rises.
private struct DeferralLattice {
  typealias Cost = TaxDeferral.Cost
  let p: TaxDeferral.Parameters
  /// Nodes to a move of the market.
  static let fineness = 10
  let weights: [Double]
  let centre: Int
  let move: Double
  let rise: Double

  init(_ parameters: TaxDeferral.Parameters) {
    p = parameters
    move = p.volatility / 12.0.squareRoot()
    rise = 0.5 + p.drift / p.volatility / 12.0.squareRoot() / 2
    let spacing = move / Double(Self.fineness)
    let start = abs(logOdds(p.weight) - logOdds(p.target)) / spacing
    // Logits beyond 30 are weights that no number tells from 0 or 1.
    let reach = min(Int(start) + (p.months + 1) * Self.fineness, Int(30 / spacing))
    centre = reach
    let middle = logOdds(p.target)
    weights = (-reach...reach).map { Oracles.weight(middle + Double($0) * spacing) }
  }

  /// 1 − 1/p after `rises` of `months`.
  private func gainShare(_ rises: Int, of months: Int) -> Double {
    1 - exp(-move * Double(2 * rises - months)) / (1 + p.gain)
  }

  private func rate(_ month: Int) -> Double {
    p.monthsHeld + month > 12 ? p.longRate : p.shortRate
  }

  /// What a rule costs from the start, and where it goes at first.
  func cost(of rule: TaxDeferral.Rule) -> (Cost, destination: Double) {
    var later = (0...p.months).map { rises in
      let share = p.end == .stepUp ? 0 : gainShare(rises, of: p.months)
      return weights.map { Cost(tax: rate(p.months) * share * $0) }
    }
    for month in stride(from: p.months - 1, through: 1, by: -1) {
      later = (0...month).map { rises in
        let held = costOfHolding(later[rises], later[rises + 1])
        return decided(rule, held, price: rate(month) * gainShare(rises, of: month), month)
      }
    }
    // The start need not be a node.
    let held = costOfHolding(later[0], later.count > 1 ? later[1] : later[0])
    let price = rate(0) * gainShare(0, of: 0)
    var best = interpolated(held, at: p.weight)
    var destination = p.weight
    let sells = rule == .optimum ? 0 : centre
    for v in sells..<weights.count where weights[v] < p.weight {
      var cost = held[v]
      cost.tax += price * (p.weight - weights[v])
      if rule == .optimum ? cost.total < best.total : v == centre && acts(rule, 0) {
        (best, destination) = (cost, weights[v])
      }
    }
    return (best, destination)
  }

  private func acts(_ rule: TaxDeferral.Rule, _ month: Int) -> Bool {
    switch rule {
    case .optimum, .always: true
    case .onceLongTerm: p.monthsHeld + month > 12
    case .never: false
    }
  }

  /// The cost of holding each weight for a month and of what follows.
  private func costOfHolding(_ afterFall: [Cost], _ afterRise: [Cost]) -> [Cost] {
    let scale = p.riskAversion / 2 * p.volatility * p.volatility / 12
    let last = weights.count - 1
    return weights.indices.map { j in
      let down = afterFall[max(j - Self.fineness, 0)]
      let up = afterRise[min(j + Self.fineness, last)]
      let x = weights[j] - p.target
      return Cost(
        tax: rise * up.tax + (1 - rise) * down.tax,
        drift: scale * x * x + rise * up.drift + (1 - rise) * down.drift)
    }
  }

  /// The cost before a decision, where a unit sold is taxed at `price`: for the optimum, the running
  /// minimum of held − price · v over v up to w.
  private func decided(
    _ rule: TaxDeferral.Rule, _ held: [Cost], price: Double, _ month: Int
  ) -> [Cost] {
    guard acts(rule, month) else { return held }
    var best = 0
    return weights.indices.map { w in
      if rule == .optimum {
        if held[w].total - price * weights[w] <= held[best].total - price * weights[best] {
          best = w
        }
      } else {
        best = min(w, centre)
      }
      var cost = held[best]
      cost.tax += price * (weights[w] - weights[best])
      return cost
    }
  }

  private func interpolated(_ costs: [Cost], at weight: Double) -> Cost {
    let upper = min(max(weights.firstIndex { $0 >= weight } ?? 1, 1), weights.count - 1)
    let share = (weight - weights[upper - 1]) / (weights[upper] - weights[upper - 1])
    let (a, b) = (costs[upper - 1], costs[upper])
    return Cost(
      tax: a.tax + share * (b.tax - a.tax), drift: a.drift + share * (b.drift - a.drift))
  }
}
