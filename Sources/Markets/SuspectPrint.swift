import Foundation

/// A price that looks like a misprint: a large move into its day that the next day takes back.
///
/// Real prices do this too, so a suspect is reported and never changed; a policy that trades
/// against such moves can "earn" what nobody could have had.
public struct SuspectPrint: Sendable, Hashable, Codable {
  /// The asset.
  public let asset: String
  /// The day of the print.
  public let date: CalendarDate
  /// The return into the day, 0.01 for one percent.
  public let move: Double
  /// The return into the next day.
  public let reversal: Double
}

extension PriceHistory {
  /// The moves beyond a threshold of which the next day takes back at least three quarters.
  ///
  /// Misprints smaller than a market's daily moves only show against a fund of the same index: with
  /// `benchmark`, moves are those of the ratio of the two levels.
  ///
  /// - Parameters:
  ///   - threshold: the smallest suspicious return, 0.05 for five percent.
  ///   - benchmark: an asset of this history, itself never suspected; `nil` for none.
  /// - Returns: by date, then in the order of the assets.
  /// - Throws: where there is no such benchmark.
  public func suspectPrints(
    threshold: Double, against benchmark: String? = nil
  ) throws(MarketDataError) -> [SuspectPrint] {
    var reference: Int?
    if let benchmark { reference = try index(of: benchmark) }
    func relativeGrowth(_ asset: Int, _ day: Int) -> Double {
      growth(asset, on: day) / (reference.map { growth($0, on: day) } ?? 1)
    }
    var suspects: [SuspectPrint] = []
    for day in dates.indices.dropFirst().dropLast() {
      for asset in assets.indices where asset != reference {
        let (move, next) = (relativeGrowth(asset, day), relativeGrowth(asset, day + 1))
        guard abs(move - 1) > threshold, abs(log(move * next)) <= abs(log(move)) / 4 else {
          continue
        }
        suspects.append(
          SuspectPrint(
            asset: assets[asset], date: dates[day], move: move - 1, reversal: next - 1))
      }
    }
    return suspects
  }

  func index(of asset: String) throws(MarketDataError) -> Int {
    guard let index = assets.firstIndex(of: asset) else {
      throw MarketDataError(.unknownAsset(asset, valid: assets))
    }
    return index
  }
}
