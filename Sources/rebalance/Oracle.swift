import ArgumentParser
import Experiments
import Oracles

struct Oracle: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Published reference solutions with given parameters.",
    discussion: "Example: rebalance oracle ggms --mu 0.08 --sigma 0.16 --gamma 5 --spread 0.01",
    subcommands: [
      LongRunGrowth.self, SmallCosts.self, QuadraticCosts.self, TwoAssets.self, ThreeAssets.self,
      Harvesting.self, Deferral.self,
    ])
}

/// Long-run growth under proportional costs.
struct LongRunGrowth: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ggms",
    abstract: "Long-run optimum under proportional costs: no-trade region, loss, turnover.",
    discussion: """
      Example: rebalance oracle ggms --mu 0.08 --sigma 0.16 --gamma 5 --spread 0.01

      S. Gerhold, P. Guasoni, J. Muhle-Karbe, W. Schachermayer (2014), arXiv 1108.1167. The spread \
      is relative: the bid price is (1 - spread) times the ask price.
      """)

  @Option(help: "Excess return per year.") var mu: Double
  @Option(help: "Volatility per √year.") var sigma: Double
  @Option(help: "Relative risk aversion.") var gamma: Double
  @Option(help: "Full relative spread.") var spread: Double
  @Flag(help: "Print a JSON document.") var json = false

  struct Result: Encodable {
    let solution: GrowthOptimum

    enum CodingKeys: String, CodingKey {
      case buy = "buy_boundary"
      case sell = "sell_boundary"
      case rate = "equivalent_safe_rate_bp"
      case loss = "equivalent_safe_rate_loss_bp"
      case shares = "share_turnover"
      case wealth = "wealth_turnover"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(solution.buyBoundary, forKey: .buy)
      try container.encode(solution.sellBoundary, forKey: .sell)
      try container.encode(solution.equivalentSafeRate * 1e4, forKey: .rate)
      try container.encode(solution.loss * 1e4, forKey: .loss)
      try container.encode(solution.shareTurnover, forKey: .shares)
      try container.encode(solution.wealthTurnover, forKey: .wealth)
    }
  }

  func run() throws {
    let solution = try GrowthOptimum(
      mean: mu, volatility: sigma, riskAversion: gamma, spread: spread)
    if json { return try printJSON(Result(solution: solution)) }
    var table = TextTable(["long-run growth with proportional costs", ">value"])
    table.add(["buy below a risky weight, at the ask, of", solution.buyBoundary.fixed(5)])
    table.add(["sell above a risky weight, at the bid, of", solution.sellBoundary.fixed(5)])
    table.add(["equivalent safe rate, bp per year", (solution.equivalentSafeRate * 1e4).fixed(4)])
    table.add(["what the cost takes of it, bp per year", (solution.loss * 1e4).fixed(4)])
    table.add(["shares traded per year and share held", solution.shareTurnover.fixed(5)])
    table.add(["value traded per year and wealth", solution.wealthTurnover.fixed(5)])
    print(table.text)
  }
}

/// The two-asset problem for small costs.
struct SmallCosts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "closed-form",
    abstract: "Best bands and calendars of two assets for small costs, in closed form.",
    discussion: "Example: rebalance oracle closed-form --target 0.6 --sigma 0.1628 --kappa 0.002 "
      + "--gamma 5")

  @Option(help: "Target weight of the first asset.") var target: Double
  @Option(help: "Volatility of the log ratio per √year.") var sigma: Double
  @Option(help: "Cost of both legs per unit of weight moved.") var kappa: Double
  @Option(help: "Risk aversion.") var gamma: Double
  @Option(help: "Fixed cost of a trade as a fraction of value; for its row.") var fixed = 0.0
  @Flag(help: "Print a JSON document.") var json = false

  struct Row: Encodable {
    var rule: String
    var parameter: Double
    var cost: Double
    var ratio: Double?
    var trackingError: Double
    var turnover: Double

    enum CodingKeys: String, CodingKey {
      case rule, parameter
      case cost = "cost_bp_per_year"
      case ratio = "cost_over_optimum"
      case trackingError = "tracking_error_bp"
      case turnover = "turnover_per_year"
    }
  }

  func run() throws {
    let forms = try SmallCostForms(
      target: target, volatility: sigma, costPerUnit: kappa, riskAversion: gamma, fixedCost: fixed
    ).forms
    let rows = forms.map {
      Row(
        rule: $0.rule, parameter: $0.parameter, cost: $0.cost * 1e4, ratio: $0.ratio,
        trackingError: $0.deviation * sigma * 1e4, turnover: $0.turnover)
    }
    if json { return try printJSON(["rules": rows]) }
    var table = TextTable([
      "rule", ">parameter", ">cost bp", ">/optimum", ">TE bp", ">turn %",
    ])
    for row in rows {
      table.add([
        row.rule, row.parameter.fixed(5), row.cost.fixed(4), row.ratio?.fixed(4) ?? "–",
        row.trackingError.fixed(1), (row.turnover * 100).fixed(2),
      ])
    }
    print(table.text)
    print("parameter: half-width in weight, or years between two trades; all per year")
  }
}

/// Quadratic costs with predictable returns.
struct QuadraticCosts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "garleanu-pedersen",
    abstract: "Optimal trading under quadratic costs: the part of the way, and the aim.",
    discussion: """
      Example: rebalance oracle garleanu-pedersen --gamma 2 --lambda 5 --rho 0.02 \
      --covariance '0.04,0.012;0.012,0.09' --loadings '0.01,0.005;0.002,0.01' \
      --reversion '0.1,0.02;0,0.03'

      N. Gârleanu, L. H. Pedersen (2013). Matrices are rows between semicolons.
      """)

  @Option(help: "Risk aversion.") var gamma: Double
  @Option(help: "Trading cost: lambda/2 uᵀΣu.") var lambda: Double
  @Option(help: "Discount rate per step.") var rho = 0.0
  @Option(help: "Covariance, assets by assets.") var covariance: Matrix
  @Option(help: "Returns per unit of each factor, assets by factors.") var loadings: Matrix
  @Option(help: "Reversion of the factors, factors by factors.") var reversion: Matrix
  @Flag(help: "Print a JSON document.") var json = false

  struct Matrix: ExpressibleByArgument {
    let rows: [[Double]]
    init?(argument: String) {
      let rows = argument.split(separator: ";").map { row in
        row.split(separator: ",").map { Double($0.filter { $0 != " " }) }
      }
      guard !rows.isEmpty, rows.allSatisfy({ !$0.contains(nil) }) else { return nil }
      self.rows = rows.map { $0.compactMap { $0 } }
    }
  }

  struct Result: Encodable {
    var rate: Double
    var aimLoadings: [[Double]]
    enum CodingKeys: String, CodingKey {
      case rate = "trading_rate"
      case aimLoadings = "aim_loadings"
    }
  }

  func run() throws {
    let optimum = try QuadraticCostOptimum(
      riskAversion: gamma, tradingCost: lambda, discount: rho, covariance: covariance.rows,
      loadings: loadings.rows, reversion: reversion.rows)
    if json {
      return try printJSON(Result(rate: optimum.rate, aimLoadings: optimum.aimLoadings))
    }
    let factors = optimum.aimLoadings.first?.count ?? 0
    var table = TextTable(["aim per unit of"] + (0..<factors).map { ">factor \($0 + 1)" })
    for (i, row) in optimum.aimLoadings.enumerated() {
      table.add(["asset \(i + 1)"] + row.map { $0.fixed(8) })
    }
    print(table.text)
    print("part of the way to the aim per step: \(optimum.rate.fixed(10))")
  }
}
