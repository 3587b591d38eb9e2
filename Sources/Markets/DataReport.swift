import Algebra
import Foundation

/// What a file or folder of market data holds, asset by asset, and what looks odd in it.
public struct DataReport: Sendable, Hashable, Codable {
  /// The file or folder.
  public let source: String
  /// Days that all assets have.
  public let commonRows: Int
  /// The first and the last of them; absent where there is none.
  public let commonFirst: CalendarDate?
  public let commonLast: CalendarDate?
  /// The assets, in the order of the file or by name.
  public let assets: [AssetReport]

  enum CodingKeys: String, CodingKey {
    case source, assets
    case commonRows = "common_rows"
    case commonFirst = "common_first"
    case commonLast = "common_last"
  }

  /// One asset over all its days.
  public struct AssetReport: Sendable, Hashable, Codable {
    public let asset: String
    public let rows: Int
    public let first: CalendarDate
    public let last: CalendarDate
    /// Compound return per year of 365.2425 days; 0 for a single day.
    public let annualReturn: Double
    /// Standard deviation of log returns, times the root of the returns per year.
    public let annualVolatility: Double
    /// The largest return up or down between two rows; absent for a single day.
    public let largestMove: Move?
    /// Steps of more than seven days between two rows.
    public let gaps: [Gap]
    /// Moves that the next day took back; see `PriceHistory.suspectPrints`.
    public let suspectPrints: [SuspectPrint]

    enum CodingKeys: String, CodingKey {
      case asset, rows, first, last, gaps
      case annualReturn = "annual_return"
      case annualVolatility = "annual_volatility"
      case largestMove = "largest_move"
      case suspectPrints = "suspect_prints"
    }
  }

  /// A return into a day.
  public struct Move: Sendable, Hashable, Codable {
    public let date: CalendarDate
    public let value: Double
  }

  /// Days without data.
  public struct Gap: Sendable, Hashable, Codable {
    /// The last day before.
    public let after: CalendarDate
    /// Days until the next row.
    public let days: Int
  }
}

extension DataReport {
  /// Loads and validates a folder of one file per asset, or a file with one column per asset.
  ///
  /// - Parameter suspicion: the smallest suspicious return of `suspectPrints`.
  /// - Throws: at the first fault of the data.
  public init(checking path: String, suspicion: Double = 0.05) throws(MarketDataError) {
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw MarketDataError(file: path, .missingFile)
    }
    guard isFolder.boolValue else {
      try self.init(PriceHistory(wideCSV: path), source: path, suspicion: suspicion)
      return
    }
    let names = try AssetFile.files(inFolder: path).keys.filter { !$0.hasPrefix("_") }.sorted()
    guard !names.isEmpty else { throw MarketDataError(file: path, .noAssets) }
    // Funds begin on different days: each is checked over all its own.
    var reports: [AssetReport] = []
    var common: Set<CalendarDate>?
    for name in names {
      let history = try PriceHistory(assetFolder: path, assets: [name])
      reports.append(try AssetReport(history, asset: 0, suspicion: suspicion))
      common = common?.intersection(history.dates) ?? Set(history.dates)
    }
    self.init(
      source: path, commonRows: common?.count ?? 0, commonFirst: common?.min(),
      commonLast: common?.max(), assets: reports)
  }

  /// Describes a history that is loaded already.
  public init(
    _ history: PriceHistory, source: String, suspicion: Double = 0.05
  ) throws(MarketDataError) {
    var reports: [AssetReport] = []
    for asset in history.assets.indices {
      reports.append(try AssetReport(history, asset: asset, suspicion: suspicion))
    }
    self.init(
      source: source, commonRows: history.dates.count, commonFirst: history.dates.first,
      commonLast: history.dates.last, assets: reports)
  }
}

extension DataReport.AssetReport {
  fileprivate init(
    _ history: PriceHistory, asset index: Int, suspicion: Double
  ) throws(MarketDataError) {
    guard let first = history.dates.first, let last = history.dates.last else {
      throw MarketDataError(.noRows(from: nil, through: nil))
    }
    asset = history.assets[index]
    rows = history.dates.count
    self.first = first
    self.last = last
    let days = history.dates.indices.dropFirst()
    let growths = days.map { history.growth(index, on: $0) }
    let years = Double(last.days(since: first)) / 365.2425
    let logs = RunningStatistics(growths.map { log($0) })
    annualReturn = rows > 1 ? exp(logs.mean * Double(logs.count) / years) - 1 : 0
    annualVolatility =
      rows > 1 ? logs.standardDeviation * (Double(logs.count) / years).squareRoot() : 0
    largestMove = zip(days, growths).max { abs($0.1 - 1) < abs($1.1 - 1) }.map {
      DataReport.Move(date: history.dates[$0.0], value: $0.1 - 1)
    }
    gaps = zip(history.dates, history.dates.dropFirst()).compactMap { before, after in
      let days = after.days(since: before)
      return days > 7 ? DataReport.Gap(after: before, days: days) : nil
    }
    let name = asset
    suspectPrints = try history.suspectPrints(threshold: suspicion).filter { $0.asset == name }
  }
}
