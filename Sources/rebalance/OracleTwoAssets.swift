import ArgumentParser
import Experiments
import Oracles
import Rebalancing

/// RB-1, the exactly solvable core, with its rules.
struct TwoAssets: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rb-1",
    abstract: "The exactly solvable two-asset task: optima and rules side by side.",
    discussion: """
      Example: rebalance oracle rb-1
      Example: rebalance oracle rb-1 --daily --kappa 0.002 --gamma 5

      Cost in basis points per year in the long run, free of sampling noise: target 0.6, volatility \
      0.1628 and drift 0.0285 of the log ratio.
      """)

  @Flag(help: "Daily decisions alone.") var daily = false
  @Flag(help: "Monthly decisions alone.") var monthly = false
  @Option(help: "Costs of both legs per unit of weight.") var kappa = NumberList([0.002, 0.01])
  @Option(help: "Risk aversion.") var gamma = 5.0
  @Flag(help: "Print a JSON document.") var json = false

  static let rules = [
    "always", "band(0.01)", "band(0.02)", "band(0.03)", "band(0.05)", "band(0.10)",
    "band(0.05,to=half)", "relative_band(0.2,to=0.1)", "band(0.02,to=0.0175)", "closed_form",
    "calendar(monthly)", "calendar(quarterly)", "calendar(annual)",
  ]

  struct Optimum: Encodable {
    var cost: Double
    var noTrade: [Double]
    var fullBelow: Double?
    var fullAbove: Double?
    enum CodingKeys: String, CodingKey {
      case cost = "cost_bp_per_year"
      case noTrade = "no_trade"
      case fullBelow = "full_trade_below"
      case fullAbove = "full_trade_above"
    }

    init(_ solution: ExactSolution) {
      cost = solution.score.costPerYear
      noTrade = [solution.noTrade.lowerBound, solution.noTrade.upperBound]
      fullBelow = solution.fullTradeBelow
      fullAbove = solution.fullTradeAbove
    }
  }

  struct Case: Encodable {
    var name: String
    var stepsPerYear: Double
    var kappa: Double
    var gamma: Double
    var unrestricted: Optimum
    var ownActions: Optimum
    var rules: [ExactEvaluation.Row]
    enum CodingKeys: String, CodingKey {
      case name, kappa, gamma, unrestricted, rules
      case stepsPerYear = "steps_per_year"
      case ownActions = "own_actions"
    }
  }

  func validate() throws {
    if daily, monthly { throw ValidationError("--daily and --monthly exclude each other") }
    for cost in kappa.numbers where !(cost > 0 && cost < 1) {
      throw ValidationError("--kappa \(cost): a number above 0 and below 1 is valid")
    }
    if !(gamma > 0 && gamma.isFinite) {
      throw ValidationError("--gamma \(gamma): a number above 0 is valid")
    }
  }

  func run() throws {
    let steps = [("daily", 252.0), ("monthly", 12.0)].filter {
      $0.0 == "daily" ? !monthly : !daily
    }
    let cases = try steps.flatMap { name, steps in
      try kappa.numbers.map { try solved("\(name) \($0)", stepsPerYear: steps, kappa: $0) }
    }
    if json { return try printJSON(["cases": cases]) }
    print(table(cases).text)
    print("bp per year; costs per unit of weight \(kappa.defaultValueDescription), gamma \(gamma)")
  }

  private func solved(_ name: String, stepsPerYear: Double, kappa: Double) throws -> Case {
    let task = RebalancingTask.twoAsset(
      stepsPerYear: stepsPerYear, costPerUnit: kappa, riskAversion: gamma)
    let chain = try TwoAssetChain(task)
    let triggers = try Self.rules.map { try RuleCatalog.rule($0, for: task) }
    return try Case(
      name: name, stepsPerYear: stepsPerYear, kappa: kappa, gamma: gamma,
      unrestricted: Optimum(chain.solve(.unrestricted)),
      ownActions: Optimum(chain.solve(.fractions(task.actions))),
      rules: ExactEvaluation(task, policies: triggers).policies)
  }

  private func table(_ cases: [Case]) -> TextTable {
    var table = TextTable(["RB-1"] + cases.map { ">" + $0.name })
    func region(_ optimum: Optimum) -> String {
      "\(optimum.noTrade[0].fixed(4)) – \(optimum.noTrade[1].fixed(4))"
    }
    func add(_ name: String, _ cell: (Case) -> String) { table.add([name] + cases.map(cell)) }
    add("optimum, any trade") { $0.unrestricted.cost.fixed(4) }
    add("  no trade between") { region($0.unrestricted) }
    add("optimum over 0, 0.5, 1") { $0.ownActions.cost.fixed(4) }
    add("  no trade between") { region($0.ownActions) }
    add("  full trade below") { $0.ownActions.fullBelow?.fixed(4) ?? "–" }
    add("  full trade above") { $0.ownActions.fullAbove?.fixed(4) ?? "–" }
    for (i, rule) in Self.rules.enumerated() {
      add(rule) { $0.rules[i].cost?.fixed(4) ?? "–" }
    }
    return table
  }
}
