import Markets
import Rebalancing

// A task's parts in words, a line each.

extension Market<Double> {
  /// The model's name, as in specifications.
  var model: String {
    switch self {
    case .logRatio: "log_ratio"
    case .lognormal: "lognormal"
    case .normal: "normal"
    case .regimes: "regimes"
    case .garch: "garch"
    case .bootstrap: "bootstrap"
    case .historical: "historical"
    case .yielding(let market): market.base.model
    case .stressed(let market): market.base.model
    }
  }

  /// Volatility per year and asset, where it is the same at all times.
  var volatilities: [Double]? {
    constantCovariance.map { covariance in
      (0..<assetCount).map { covariance[$0 * (assetCount + 1)].squareRoot() }
    }
  }

  func summary(stepsPerYear: Double) -> String {
    switch self {
    case .logRatio(let market):
      "log ratio of the two assets: volatility \(market.volatility.percent) a year, drift "
        + market.drift.percent
    case .lognormal: "lognormal, " + volatilityRange
    case .normal: "normal simple returns, " + volatilityRange
    case .regimes(let market):
      "\(market.regimeCount) hidden regimes (\(market.names.joined(separator: ", "))), "
        + "\(market.returnKind.rawValue) returns"
    case .garch(let market):
      "GARCH, innovations "
        + (market.degreesOfFreedom.map { "Student t with \($0) degrees of freedom" } ?? "normal")
    case .bootstrap(let market):
      "bootstrap of \(market.table.dayCount) days of data in blocks of "
        + "\(market.blockLength.short) on average"
    case .historical(let market): market.summary
    case .stressed(let market):
      ([market.base.summary(stepsPerYear: stepsPerYear)] + market.shocks.map(\.summary))
        .joined(separator: "; ")
    case .yielding(let market):
      market.base.summary(stepsPerYear: stepsPerYear) + "; dividends "
        + range(market.yieldPerStep.map { $0 * stepsPerYear * 100 }) + " % a year"
    }
  }

  private var volatilityRange: String {
    "volatility \(range((volatilities ?? []).map { $0 * 100 })) % a year"
  }
}

extension MarketShock {
  /// Which steps it disturbs, and how.
  fileprivate var summary: String {
    func list(_ numbers: [Double]) -> String { numbers.map(\.short).joined(separator: ", ") }
    var parts: [String] = []
    if totalReturn.contains(where: { $0 != 0 }) {
      parts.append("returns of \(list(totalReturn.map { $0 * 100 })) % added")
    }
    if volatilityFactor.contains(where: { $0 != 1 }) {
      parts.append("volatilities times \(list(volatilityFactor))")
    }
    if correlationTowardOne > 0 {
      parts.append("correlations \(correlationTowardOne.percent) of the way to 1")
    }
    if halfSpreadFactor.contains(where: { $0 != 1 }) {
      parts.append("half spreads times \(list(halfSpreadFactor))")
    }
    return "shock “\(name)” in steps \(beginStep) to \(endStep - 1): "
      + (parts.isEmpty ? "nothing" : parts.joined(separator: ", "))
  }
}

extension HistoricalMarket<Double> {
  fileprivate var summary: String {
    let start =
      switch self.start {
      case .fixed: "from the first day after the warm-up"
      case .random: "from a random day"
      case .dates(let dates): "from \(dates.map(\.description).joined(separator: ", "))"
      }
    let days = history.dates
    guard let first = days.first, let last = days.last else { return "no data" }
    return "data of \(days.count) days, \(first) to \(last); episodes begin \(start)"
  }
}

extension TradingCosts {
  /// What each asset's trades cost; assets with the same costs share a line.
  func descriptions(_ names: [String]) -> [String] {
    var groups: [(costs: String, names: [String])] = []
    for i in assets.indices {
      let costs = i == cash ? "cash, free of cost" : assets[i].summary
      if let place = groups.firstIndex(where: { $0.costs == costs }) {
        groups[place].names.append(names[i])
      } else {
        groups.append((costs, [names[i]]))
      }
    }
    guard groups.count > 1 else { return groups.map(\.costs) }
    return groups.map { "\($0.names.joined(separator: ", ")): \($0.costs)" }
  }

  /// In a few words, for a list: the proportional part in bp, `+` where there is more.
  var brief: String {
    let charged = assets.indices.filter { $0 != cash }.map { assets[$0] }
    let costs = charged.map { ($0.halfSpread + $0.commission + $0.fees.perUnit) * 1e4 }
    return range(costs) + " bp" + (isProportional && !hasFilters ? "" : "+")
  }
}

extension AssetCosts {
  fileprivate var summary: String {
    let venue = fees.perUnit
    var parts: [String] = []
    for (name, rate) in [("half spread", halfSpread), ("commission", commission), ("fees", venue)]
    where rate != 0 {
      parts.append("\(name) \((rate * 1e4).short) bp")
    }
    if commissionPerUnit > 0 { parts.append("\(commissionPerUnit.short) a unit") }
    if minimumCommission > 0 { parts.append("commission of at least \(minimumCommission.short)") }
    if ticket > 0 { parts.append("ticket \(ticket.short)") }
    switch impact {
    case .none: break
    case .squareRoot: parts.append("square-root impact")
    case .almgren: parts.append("impact of Almgren and others")
    case .iStar: parts.append("I-Star impact")
    }
    if let adv { parts.append("at most \(participationCap.percent) of a volume of \(adv.short)") }
    if minimumTrade > 0 { parts.append("no trade below \(minimumTrade.percent) of value") }
    if minimumTradeValue > 0 { parts.append("no trade below \(minimumTradeValue.short)") }
    if isFrozen { parts.append("frozen") }
    return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
  }
}

extension TaxModel {
  var summary: String {
    switch self {
    case .none: "none"
    case .averageCost(let rate):
      "\(rate.percent) on gains over average cost, losses credited at the same rate"
    case .lots(let tax): tax.summary
    }
  }

  /// In a few words, for a list.
  var brief: String {
    switch self {
    case .none: "none"
    case .averageCost(let rate): "flat \((rate * 100).short)%"
    case .lots: "lots"
    }
  }
}

extension LotTax {
  fileprivate var summary: String {
    var parts = [
      "lots (\(order.rawValue), \(lotsPerAsset) an asset)",
      "short \(rates.short.percent), long \(rates.long.percent), dividends "
        + rates.dividends.percent,
      payment == .annual ? "paid in April for the year before" : "paid in the step",
      washWindow.map { "wash sales within \($0) days" } ?? "no wash-sale rule",
    ]
    if harvesting != nil {
      parts.append("losses harvested \(isOverlay ? "at every step" : "by an action")")
    }
    let outside = rates.outside
    if !outside.isEmpty {
      parts.append(
        "netted with gains elsewhere of \(outside.short.short) short and \(outside.long.short) long "
          + "a year")
    }
    return parts.joined(separator: "; ")
  }
}

extension Payment {
  func summary(_ names: [String]) -> String {
    switch self {
    case .proRata: "pro rata from all holdings"
    case .cash(let asset): "from \(names[asset]); what it lacks by sales pro rata"
    }
  }
}

extension CashFlows {
  var summary: String {
    var parts = schedules.map { flow in
      "\(flow.amount < 0 ? "withdrawal" : "deposit") of \(abs(flow.amount).short) every "
        + (flow.everySteps == 1 ? "step" : "\(flow.everySteps) steps")
    }
    if let chance {
      parts.append(
        "by chance (\(chance.probability.percent) a step) \(chance.mean.short) ± "
          + chance.deviation.short)
    }
    return parts.isEmpty ? "none" : parts.joined(separator: "; ")
  }
}

extension DriftCost {
  var summary: String {
    switch self {
    case .quadratic(let aversion): "(γ/2) dᵀΣd Δt, γ = \(aversion.short)"
    case .trackingError(let weight): "λ √(dᵀΣd) Δt, λ = \(weight.short)"
    }
  }
}

extension RebalancingTask {
  var rewardSummary: String {
    let costs = "costs (drift, transaction, tax)"
    let terms =
      switch returnCapture {
      case .none: "minus \(costs)"
      case .active: "return over the target portfolio's, minus \(costs)"
      case .simple: "return, minus \(costs)"
      case .log: "log return, minus \(costs)"
      }
    return terms + (rewardScale == 1 ? "" : ", times \(rewardScale.short)")
  }
}

/// The least and the largest of numbers, once where they are the same to the eye.
private func range(_ numbers: [Double]) -> String {
  guard let low = numbers.min()?.short, let high = numbers.max()?.short else { return "–" }
  return low == high ? low : "\(low)–\(high)"
}

extension Double {
  /// Up to two decimals, or four significant digits of a small number; without zeros at the end.
  var short: String {
    guard self != 0, isFinite else { return self == 0 ? "0" : "\(self)" }
    guard abs(self) < 1e15, abs(self) >= 1e-6 else { return "\(self)" }
    var decimals = 2
    var size = abs(self)
    while size < 1 { (size, decimals) = (size * 10, decimals + 1) }
    var text = fixed(decimals)
    while text.contains("."), text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// The number as a percentage.
  var percent: String { (self * 100).short + " %" }
}
