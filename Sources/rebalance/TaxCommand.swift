import ArgumentParser
import Experiments
import Ledgers

struct TaxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tax", abstract: "Work with lots and taxes.", subcommands: [Replay.self])

  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Book trades and show realized gains, wash sales and the lots that are left.",
      discussion: """
        The file has the columns date,account,kind,asset,side,units,price,fee,lot: kind is taxable \
        or ira, side is buy or sell, and lot is empty or, with --selection specific, the lot to \
        sell. The n-th purchase is lot n; a sale that names none takes the oldest. Sales of a day \
        choose among the lots held before it, then among its purchases.

        Example: rebalance tax replay Tests/CommandLineTests/trades.csv --selection hifo
        """)

    @Argument(help: "The file of trades.")
    var trades: String

    @Option(help: "Which lots are sold first.")
    var selection = LotSelectionName.fifo

    @Option(help: "The rate of short-term gains and ordinary income.")
    var shortTermRate = 0.35

    @Option(help: "The rate of long-term gains.")
    var longTermRate = 0.15

    @Option(help: "Net losses that are deducted from ordinary income a year.")
    var lossLimit = CapitalNetting.ordinaryIncomeLimit

    @Option(
      help: ArgumentHelp(
        "Assets that are substantially identical; repeatable.", valueName: "asset,asset"))
    var identical: [String] = []

    @Flag(help: "Print a JSON document.")
    var json = false

    func validate() throws {
      for rate in [shortTermRate, longTermRate] where !(0...1).contains(rate) {
        throw ValidationError("a rate of \(rate); rates are fractions from 0 to 1")
      }
      guard lossLimit.isFinite, lossLimit >= 0 else {
        throw ValidationError("--loss-limit is \(lossLimit); an amount of at least 0 is needed")
      }
      _ = try groups()
    }

    func run() throws {
      let rates = TaxRates(shortTerm: shortTermRate, longTerm: longTermRate)
      var ledger = Ledger(identical: try groups())
      try TradeFile(path: trades, selection: selection, rates: rates).replay(in: &ledger)
      let returns = ledger.taxReturns(
        through: ledger.lastDay?.year ?? 0, rates: rates, limit: lossLimit)
      if json {
        try printJSON(LedgerDocument(ledger, returns))
      } else {
        print(replayTables(ledger, returns))
      }
    }

    /// The name of the group of each asset that is identical with another.
    private func groups() throws -> [String: String] {
      var groups: [String: String] = [:]
      for list in identical {
        let assets = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard assets.count > 1, !assets.contains("") else {
          throw ValidationError("--identical is '\(list)'; two or more assets are needed: VOO,IVV")
        }
        for asset in assets {
          // A comma is in no name, so the list is no asset's name.
          guard groups.updateValue(list, forKey: asset) == nil else {
            throw ValidationError("--identical names '\(asset)' twice")
          }
        }
      }
      return groups
    }
  }
}
