import ArgumentParser
import Experiments
import Oracles

/// What realising a loss early is worth.
struct Harvesting: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What a loss realised now is worth at the end, in closed form.",
    discussion: """
      Example: rebalance oracle harvesting --loss 10000 --years 10 --return 0.07

      The tax saved is invested and its growth taxed at the end, when the lower basis costs tax too.
      """)

  @Option(help: "Loss, in currency.") var loss = 10_000.0
  @Option(help: "Years to the end.") var years = NumberList([1, 10, 30])
  @Option(name: .customLong("return"), parsing: .unconditional, help: "Return per year.")
  var annualReturn = 0.07
  @Option(help: "Rate at which the loss is deducted.") var short = 0.35
  @Option(help: "Rate of gains at the end.") var long = 0.15
  @Flag(help: "Print a JSON document.") var json = false

  struct Row: Encodable {
    var years: Double
    var gain: Double
    var deferral: Double
    enum CodingKeys: String, CodingKey {
      case years, gain
      case deferral = "gain_at_equal_rates"
    }
  }

  func run() throws {
    let rows = try years.numbers.map { years in
      let harvest = try HarvestedLoss(
        loss: loss, years: years, annualReturn: annualReturn, shortRate: short, longRate: long)
      return Row(years: years, gain: harvest.gain, deferral: harvest.gainAtEqualRates)
    }
    if json { return try printJSON(["rows": rows]) }
    var table = TextTable([">years", ">gain at the end", ">by deferral alone"])
    for row in rows {
      table.add(["\(row.years)", row.gain.fixed(1), row.deferral.fixed(1)])
    }
    print(table.text)
    print("deferral alone: were the loss deducted at the rate of the end, \(long)")
  }
}

/// When to realise the gain of one lot.
struct Deferral: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tax-deferral",
    abstract: "When to sell a lot with a gain: now, once long term, or never.",
    discussion: """
      Example: rebalance oracle tax-deferral --weight 0.8 --gain 0.5 --end step_up

      One lot and cash, monthly sales without return, tax at the short-term rate up to twelve months \
      of holding; the expected sum of tax and drift cost by backward recursion on a binomial lattice.
      """)

  @Option(help: "Weight of the lot now.") var weight = 0.8
  @Option(help: "Target weight.") var target = 0.6
  @Option(parsing: .unconditional, help: "Unrealised gain over basis.") var gain = 0.5
  @Option(help: "Months that the lot has been held.") var held = 6
  @Option(help: "Months to the end.") var months = 60
  @Option(help: "Volatility per √year.") var sigma = 0.1628
  @Option(parsing: .unconditional, help: "Drift of the log price per year.") var drift = 0.0285
  @Option(help: "Risk aversion.") var gamma = 5.0
  @Option(help: "Short-term rate.") var short = 0.35
  @Option(help: "Long-term rate.") var long = 0.15
  @Option(help: "What becomes of the rest: liquidation or step_up.") var end = "liquidation"
  @Flag(help: "Print a JSON document.") var json = false

  struct Row: Encodable {
    var rule: String
    var cost: Double
    var tax: Double
    var drift: Double
    enum CodingKeys: String, CodingKey {
      case rule
      case cost = "cost_bp"
      case tax = "tax_bp"
      case drift = "drift_bp"
    }
  }

  struct Result: Encodable {
    var first: Double
    var rows: [Row]
    enum CodingKeys: String, CodingKey {
      case first = "sell_now_to"
      case rows = "rules"
    }
  }

  func run() throws {
    guard let ending = TaxDeferral.End(rawValue: end) else {
      throw ValidationError("--end \(end): liquidation or step_up is valid")
    }
    var parameters = TaxDeferral.Parameters()
    (parameters.weight, parameters.target, parameters.gain) = (weight, target, gain)
    (parameters.monthsHeld, parameters.months, parameters.end) = (held, months, ending)
    (parameters.volatility, parameters.drift, parameters.riskAversion) = (sigma, drift, gamma)
    (parameters.shortRate, parameters.longRate) = (short, long)
    let deferral = try TaxDeferral(parameters)
    let rows = TaxDeferral.Rule.allCases.compactMap { rule in
      deferral.costs[rule].map {
        Row(
          rule: rule.rawValue, cost: $0.total * 1e4, tax: $0.tax * 1e4, drift: $0.drift * 1e4)
      }
    }
    if json { return try printJSON(Result(first: deferral.firstDestination, rows: rows)) }
    var table = TextTable(["sells", ">cost bp", ">tax bp", ">drift bp"])
    for row in rows {
      table.add([row.rule, row.cost.fixed(2), row.tax.fixed(2), row.drift.fixed(2)])
    }
    print(table.text)
    let first = deferral.firstDestination
    print(first < weight ? "now: sell down to \(first.fixed(4))" : "now: wait")
  }
}
