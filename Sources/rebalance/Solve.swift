import ArgumentParser
import Experiments
import Foundation
import Oracles
import Rebalancing

struct Solve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute the optimum of a small environment exactly.",
    discussion: """
      Example: rebalance solve --env envs/two-asset-daily-v0.yaml --set cost_per_unit=0.01 \
      --unrestricted
      """)

  @OptionGroup var environment: EnvironmentOptions

  @Option(help: "Fractions of the way to target, for example 0,0.5,1; the environment's if absent.")
  var actions: String?

  @Flag(help: "Allow any trade.")
  var unrestricted = false

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    if actions != nil, unrestricted {
      throw ValidationError("--actions and --unrestricted exclude each other")
    }
  }

  func run() throws {
    let overrides = environment.overrides + (actions.map { ["actions=[\($0)]"] } ?? [])
    let task = try EnvironmentSpec(path: environment.path, overrides: overrides).task
    let solution = try TwoAssetChain(task).solve(
      unrestricted || task.actions.isEmpty ? .unrestricted : .fractions(task.actions))
    if json { try printJSON(SolutionDocument(solution)) } else { print(table(solution, task)) }
  }

  private func table(_ solution: ExactSolution, _ task: RebalancingTask) -> String {
    var table = TextTable([task.id, ">optimum"])
    let score = solution.score
    table.add(["cost, bp per year", score.costPerYear.fixed(4)])
    table.add([
      "no trade between",
      "\(solution.noTrade.lowerBound.fixed(4)) and \(solution.noTrade.upperBound.fixed(4))",
    ])
    table.add(["full trade below", solution.fullTradeBelow.map { $0.fixed(4) } ?? "–"])
    table.add(["full trade above", solution.fullTradeAbove.map { $0.fixed(4) } ?? "–"])
    table.add(["turnover, % per year", (score.turnoverPerYear * 100).fixed(3)])
    table.add(["tracking error, bp", score.trackingError.fixed(2)])
    return table.text
  }
}
