import ArgumentParser
import Experiments
import Foundation
import Markets

struct FitRegimes: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit-regimes",
    abstract: "Fit a market of hidden regimes; prints the keys of a specification.",
    discussion: """
      Maximum likelihood by expectation-maximisation from several starts (Baum-Welch).

      Example: rebalance data fit-regimes envs/data/us-stock-bond.csv \
      --assets US_STOCK,US_TREASURY --regimes 2 --steps monthly
      """)

  @Argument(help: "A wide CSV file or a folder of per-asset files.")
  var path: String

  @Option(help: "The assets, separated by commas.")
  var assets: String

  @Option(help: "Number of regimes, 2 to 10.")
  var regimes = 2

  @Option(
    help: "One return per day, week or month: daily, weekly or monthly.",
    transform: { try choice($0) })
  var steps = Sampling.daily

  @Option(help: "log or simple returns.", transform: { try choice($0) })
  var returns = ReturnKind.log

  @Option(name: .customLong("from"), help: "The first day, YYYY-MM-DD.", transform: day)
  var first: CalendarDate?

  @Option(name: .customLong("through"), help: "The last day, YYYY-MM-DD.", transform: day)
  var last: CalendarDate?

  @Option(help: "Number of starts.")
  var starts = 10

  @Option(help: "Seed of the random starts.")
  var seed: UInt64 = 1

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    guard (2...10).contains(regimes) else {
      throw ValidationError("--regimes \(regimes) is given, 2 to 10 is valid")
    }
    guard (1...1_000).contains(starts) else {
      throw ValidationError("--starts \(starts) is given, 1 to 1000 is valid")
    }
  }

  func run() throws {
    let names = assets.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    var isFolder: ObjCBool = false
    _ = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let history =
      try isFolder.boolValue
      ? PriceHistory(assetFolder: path, assets: names, from: first, through: last)
      : PriceHistory(wideCSV: path, assets: names, from: first, through: last)
    let sample = history.sampled(steps)
    let fit = try RegimeFit(
      returns: sample.returns(returns), regimes: regimes,
      search: RegimeFit.Search(starts: starts, seed: seed))
    if json { return try printJSON(Document(fit, sample, steps: steps, returns: returns)) }
    let span = "\(sample.dates.first?.description ?? "") to \(sample.dates.last?.description ?? "")"
    print(
      """
      # \(fit.count) \(steps.rawValue) \(returns.rawValue) returns, \(span); \
      log likelihood \(fit.logLikelihood.fixed(3))
      # long-run shares of \(fit.regimes.map(\.name).joined(separator: ", ")): \
      \(fit.stationary.map { $0.fixed(3) }.joined(separator: ", "))
      """)
    print(
      fit.specification(assets: names, sampling: steps, returnKind: returns), terminator: "")
  }

  private struct Document: Encodable {
    struct Regime: Encodable {
      var name: String
      var mean: [Double]
      var volatility: [Double]
      var correlation: [[Double]]
      var share: Double
      var expectedSteps: Double

      enum CodingKeys: String, CodingKey {
        case name, correlation
        case mean = "mean_per_step"
        case volatility = "volatility_per_step"
        case share = "long_run_share"
        case expectedSteps = "expected_steps"
      }
    }

    var assets: [String]
    var steps: Sampling
    var returnKind: ReturnKind
    var count: Int
    var first: CalendarDate?
    var last: CalendarDate?
    var logLikelihood: Double
    var startLogLikelihoods: [Double]
    var regimes: [Regime]
    var transition: [[Double]]

    enum CodingKeys: String, CodingKey {
      case assets, steps, count, first, last, regimes, transition
      case returnKind = "return_kind"
      case logLikelihood = "log_likelihood"
      case startLogLikelihoods = "start_log_likelihoods"
    }

    init(_ fit: RegimeFit, _ sample: PriceHistory, steps: Sampling, returns: ReturnKind) {
      assets = sample.assets
      self.steps = steps
      returnKind = returns
      count = fit.count
      first = sample.dates.first
      last = sample.dates.last
      logLikelihood = fit.logLikelihood
      startLogLikelihoods = fit.startLikelihoods
      transition = fit.transition
      regimes = fit.regimes.indices.map {
        Regime(
          name: fit.regimes[$0].name, mean: fit.regimes[$0].mean,
          volatility: fit.regimes[$0].volatility, correlation: fit.regimes[$0].correlation,
          share: fit.stationary[$0],
          expectedSteps: 1 / max(1 - fit.transition[$0][$0], .leastNormalMagnitude))
      }
    }
  }
}

/// One of an enumeration's raw values, or a complaint that names them.
private func choice<Choice: CaseIterable & RawRepresentable<String>>(
  _ text: String
) throws -> Choice {
  guard let choice = Choice(rawValue: text) else {
    let valid = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("“\(text)” is given, valid are \(valid)")
  }
  return choice
}

private func day(_ text: String) throws -> CalendarDate {
  guard let date = CalendarDate(iso: text) else {
    throw ValidationError("“\(text)” is not a date, YYYY-MM-DD is valid")
  }
  return date
}
