import Foundation
import Testing

@Suite struct FitRegimesTests {
  private func fit(_ options: String) throws -> Run {
    try rebalance(
      ["data", "fit-regimes", "envs/data/us-stock-bond.csv"]
        + options.split(separator: " ").map(String.init))
  }

  @Test func `prints keys that a specification takes, the same every time`() throws {
    let options = "--assets US_STOCK,US_TREASURY --steps monthly --returns simple --starts 2"
    let run = try fit(options)
    #expect(run.status == 0)
    #expect(run.output == (try fit(options).output))
    #expect(run.output.hasPrefix("# 325 monthly simple returns, 1990-01-31 to 2017-02-28; "))
    let keys = run.output.split(separator: "\n").filter { $0.first?.isLetter == true }
    #expect(
      keys == [
        "market: regimes", "assets: [US_STOCK, US_TREASURY]", "steps_per_year: 12",
        "return_kind: simple", "regimes:", "transition:",
      ])
  }

  @Test(arguments: [
    ("--assets US_STOCK --steps hourly", 64, "“hourly” is given, valid are daily, weekly, monthly"),
    ("--assets US_STOCK --from 2017-02-30", 64, "“2017-02-30” is not a date, YYYY-MM-DD is valid"),
    ("--assets US_STOCK --regimes 1", 64, "--regimes 1 is given, 2 to 10 is valid"),
    ("--assets US_STOCK --starts 0", 64, "--starts 0 is given, 1 to 1000 is valid"),
    ("--assets BUND", 65, "no asset 'BUND'; there are US_STOCK, US_TREASURY, US_BILL"),
    (
      "--assets US_STOCK --steps monthly --from 2016-12-30", 65,
      "2 returns are too few: at least 20 are needed, and at least 2 regimes"
    ),
  ])
  func `says what was given and what is valid`(
    _ options: String, _ status: Int32, _ message: String
  ) throws {
    let run = try fit(options)
    #expect(run.status == status)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(message), "\(run.errors)")
  }
}
