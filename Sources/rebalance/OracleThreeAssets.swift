import ArgumentParser
import Experiments
import Foundation
import Oracles

/// The three-asset dynamic programme.
struct ThreeAssets: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "myrgren",
    abstract: "The least cost of rebalancing three assets over months, by dynamic programming.",
    discussion: """
      Example: rebalance oracle myrgren --step 0.01
      Example: rebalance oracle myrgren --actions 0,0.5,1 --months 12

      The task of S. Myrgren's testOptReb.m: monthly moves, each followed by a decision; drift cost \
      lambda dᵀΣd a month. Weights are on a grid of the given step: decisions go to any node, or, \
      with --actions, fractions of the way to the target. A quarter of a percent takes seconds for \
      any node and a minute for fractions, whose cost does not change much below half a percent.
      """)

  @Option(help: "Target weights.") var weights = NumberList([0.4, 0.4, 0.2])
  @Option(help: "Volatilities per √year.") var volatilities = NumberList([0.19, 0.08, 0.12])
  @Option(parsing: .unconditional, help: "Correlations of 1 and 2, 1 and 3, 2 and 3.")
  var correlations = NumberList([-0.6, -0.2, 0.5])
  @Option(help: "One-way costs in basis points.") var costsBp = NumberList([50, 30, 80])
  @Option(help: "Weight of the drift cost.") var lambda = 5.0
  @Option(help: "Months.") var months = 36
  @Option(help: "Step of the grid of weights, 1/n.") var step = 0.005
  @Option(help: "Fractions of the way, for example 0,0.5,1; any trade if absent.")
  var actions: NumberList?
  @Option(help: "Threads; the result does not depend on them.")
  var workers = ProcessInfo.processInfo.activeProcessorCount
  @Flag(help: "Print a JSON document.") var json = false

  struct Result: Encodable {
    var cost: Double
    var step: Double
    var nodes: Int
    var months: Int
    var actions: [Double]?
    var noTrade: [[Double]]
    var noTradeNodes: Int

    enum CodingKeys: String, CodingKey {
      case step, nodes, months, actions
      case cost = "cost_bp"
      case noTrade = "no_trade"
      case noTradeNodes = "no_trade_nodes"
    }
  }

  func validate() throws {
    if workers < 1 { throw ValidationError("--workers \(workers): at least 1 is needed") }
  }

  func run() throws {
    let problem = try ThreeAssetProblem(
      target: weights.numbers, volatilities: volatilities.numbers,
      correlations: correlations.numbers, costs: costsBp.numbers.map { $0 / 1e4 },
      lambda: lambda, months: months)
    let programme = try ThreeAssetProgramme(
      problem, actions: actions.map { .fractions($0.numbers) } ?? .anywhere, step: step,
      workers: workers)
    let nodes = programme.noTrade(months: months)
    let result = Result(
      cost: programme.cost * 1e4, step: step, nodes: programme.grid.count, months: months,
      actions: actions?.numbers,
      noTrade: (0..<3).map { asset in
        let weights = nodes.map { $0[asset] }
        return weights.isEmpty ? [] : [weights.min() ?? 0, weights.max() ?? 0]
      },
      noTradeNodes: nodes.count)
    if json { return try printJSON(result) }
    var table = TextTable(["three assets, \(months) months", ">optimum"])
    table.add(["cost in all, bp", result.cost.fixed(3)])
    for (asset, range) in result.noTrade.enumerated() {
      table.add([
        "no trade at first, weight \(asset + 1)",
        range.isEmpty ? "–" : "\(range[0].fixed(4)) to \(range[1].fixed(4))",
      ])
    }
    table.add(["nodes without a trade, of \(result.nodes)", "\(nodes.count)"])
    print(table.text)
  }
}
