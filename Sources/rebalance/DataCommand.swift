import ArgumentParser
import Experiments
import Foundation
import Markets

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Work with market data.",
    subcommands: [Check.self, FitRegimes.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Load and validate a wide CSV file or a folder of per-asset files.",
      discussion: "Example: rebalance data check envs/data/us-stock-bond.csv")

    @Argument(help: "The file or folder.")
    var path: String

    @Flag(help: "Print a JSON document.")
    var json = false

    func run() throws {
      let report = try DataReport(checking: path)
      if json { return try printJSON(report) }
      var table = TextTable([
        "asset", ">rows", "first", "last", ">return %/y", ">vol %/y", ">suspect",
      ])
      for asset in report.assets {
        table.add([
          asset.asset, "\(asset.rows)", "\(asset.first)", "\(asset.last)",
          (asset.annualReturn * 100).fixed(2), (asset.annualVolatility * 100).fixed(2),
          "\(asset.suspectPrints.count)",
        ])
      }
      print(table.text)
      for print in report.assets.flatMap(\.suspectPrints) {
        Swift.print(
          "suspect: \(print.asset) \(print.date) moved \((print.move * 100).fixed(2)) %, "
            + "then \((print.reversal * 100).fixed(2)) %")
      }
    }
  }
}
