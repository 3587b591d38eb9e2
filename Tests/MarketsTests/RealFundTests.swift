import Foundation
import Markets
import Testing

/// Checks on the files of real funds, which have no licence and do not ship.
@Suite(
  .enabled(
    if: RealData.folder != nil, "MARKET_DATA does not name a folder of fund files, TICKER.csv.gz"))
struct RealFundTests {
  private let path: String
  init() throws { path = try #require(RealData.folder) }

  @Test func `every file loads, and adjusted ratios are total returns`() throws {
    let report = try DataReport(checking: path)
    #expect(report.assets.count == 65)
    for fund in report.assets {
      let history = try PriceHistory(assetFolder: path, assets: [fund.asset])
      let closes = try #require(history.closes)
      let dividends = try #require(history.dividends)
      let days = history.dates.indices.dropFirst()
      // The vendor takes the dividend off the day before; reinvesting on the day itself differs by
      // dividend × return, which counts where a tenth is paid in a crash.
      let vendor = days.map { day in
        closes[day] / (closes[day - 1] - dividends[day]) - history.growth(0, on: day)
      }
      let reinvested = days.map { day in
        (closes[day] + dividends[day]) / closes[day - 1] - history.growth(0, on: day)
      }
      #expect(vendor.allSatisfy { abs($0) < 5e-4 }, "\(fund.asset)")
      #expect(reinvested.map(abs).sorted()[days.count / 2] < 5e-6, "\(fund.asset)")
      #expect(reinvested.count { abs($0) > 5e-4 } <= 13, "\(fund.asset)")
    }
  }

  @Test func `a distribution is a fall of the price and not of the level`() throws {
    let date = try day("2021-12-03")
    for (column, expected) in [(PriceColumn.adjustedClose, 0.0), (.close, -0.266)] {
      let history = try PriceHistory(assetFolder: path, assets: ["PDBC"], column: column)
      let index = try #require(history.dates.firstIndex(of: date))
      #expect(abs(history.growth(0, on: index) - 1 - expected) < 5e-4)
    }
  }

  @Test func `a misprint shows against a fund of the same index and is repaired`() throws {
    let history = try PriceHistory(assetFolder: path, assets: ["SPY", "IVV"])
    let misprint = try day("2009-07-16")
    let suspects = try history.suspectPrints(threshold: 0.0035, against: "IVV")
    #expect(suspects.contains { $0.date == misprint && abs($0.move + 0.0105) < 1e-4 })
    let other = try day("2010-11-26")
    let repaired = try history.applying([
      PriceRepair(asset: "SPY", date: misprint, printed: 93.11, value: 94.15, reason: "Datastream"),
      // On this one the two funds of one vendor err alike: no comparison within the data shows it.
      PriceRepair(asset: "SPY", date: other, printed: 118.80, value: 119.29, reason: "Datastream"),
    ])
    let rest = try repaired.suspectPrints(threshold: 0.0035, against: "IVV")
    #expect(!rest.contains { $0.date == misprint })
    #expect(repaired.repairs.count == 2)
    let index = try #require(history.dates.firstIndex(of: misprint))
    #expect(
      abs(repaired.growth(0, on: index) / history.growth(0, on: index) - 94.15 / 93.11) < 1e-6)
  }

  @Test func `funds of different age need a range or the common days`() throws {
    let core = ["VTI", "VEA", "BND"]
    let message = "VEA.csv.gz:2: 2007-07-26 where VTI.csv.gz has 2005-01-03"
    #expect {
      _ = try PriceHistory(assetFolder: path, assets: core)
    } throws: {
      "\($0)".contains(message)
    }
    let common = try PriceHistory(assetFolder: path, assets: core, calendar: .intersection)
    let ranged = try PriceHistory(assetFolder: path, assets: core, from: day("2007-07-26"))
    #expect(common.dates == ranged.dates && common.levels == ranged.levels)
    #expect(common.droppedDates == 644)
  }
}
