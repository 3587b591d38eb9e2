import Foundation

/// Which column of an asset's file is its level.
public enum PriceColumn: String, Sendable, Hashable, CaseIterable, Codable {
  /// Adjusted for splits and dividends: ratios are total returns.
  case adjustedClose = "AdjClose"
  /// Adjusted for splits only: ratios lack dividends.
  case close = "Close"
}

/// How assets with different days are brought together.
public enum CalendarAlignment: String, Sendable, Hashable, CaseIterable, Codable {
  /// All have the same days; anything else is an error.
  case identical
  /// The days that all have; the others are dropped and counted.
  case intersection
}

extension PriceHistory {
  /// Reads a folder with a file `TICKER.csv` or `TICKER.csv.gz` per asset.
  ///
  /// Columns, in any order: `Date` and the level's, and as far as there `Open`, `High`, `Low`,
  /// `Close`, `AdjClose`, `Volume`, `Dividends`. All of them are checked from `from` through
  /// `through`: prices above 0, volumes and dividends of at least 0, high not below low.
  ///
  /// - Parameters:
  ///   - assets: the files to read, in this order; `nil` for all in alphabetical order, except
  ///     those whose name begins with `_`, which hold other series than prices.
  ///   - column: what a level is.
  ///   - calendar: what happens to days that not all assets have.
  /// - Throws: at the first fault; nothing is filled.
  public init(
    assetFolder path: String, assets: [String]? = nil, column: PriceColumn = .adjustedClose,
    calendar: CalendarAlignment = .identical, from: CalendarDate? = nil,
    through: CalendarDate? = nil
  ) throws(MarketDataError) {
    let found = try AssetFile.files(inFolder: path)
    let names = assets ?? found.keys.filter { !$0.hasPrefix("_") }.sorted()
    guard !names.isEmpty else { throw MarketDataError(file: path, .noAssets) }
    let range = DateRange(from: from, through: through)
    var files: [AssetFile] = []
    for (index, name) in names.enumerated() {
      guard let file = found[name] else {
        throw MarketDataError(file: path, .unknownAsset(name, valid: found.keys.sorted()))
      }
      guard !names[..<index].contains(name) else {
        throw MarketDataError(file: path, .duplicateAsset(name))
      }
      files.append(try AssetFile(path: path + "/" + file, column: column, range: range))
    }
    try self.init(joining: files, names: names, calendar: calendar, folder: path)
  }

  private init(
    joining files: [AssetFile], names: [String], calendar: CalendarAlignment, folder: String
  ) throws(MarketDataError) {
    var days: [CalendarDate: Int] = [:]
    for file in files { for date in file.dates { days[date, default: 0] += 1 } }
    if calendar == .identical {
      for file in files.dropFirst() { try file.requireSameDates(as: files[0]) }
    }
    let common = files[0].dates.filter { days[$0] == files.count }
    guard !common.isEmpty else { throw MarketDataError(file: folder, .noCommonDates) }
    let rows = files.map { $0.rows(of: common) }
    func joined(_ column: (AssetFile) -> [Double]) -> [Double] {
      let columns = files.map(column)
      return common.indices.flatMap { day in columns.indices.map { columns[$0][rows[$0][day]] } }
    }
    func joined(optional column: KeyPath<AssetFile, [Double]?>) -> [Double]? {
      files.allSatisfy { $0[keyPath: column] != nil } ? joined { $0[keyPath: column] ?? [] } : nil
    }
    self.init(assets: names, dates: common, levels: joined(\.levels))
    closes = joined(optional: \.closes)
    volumes = joined(optional: \.volumes)
    dividends = joined(optional: \.dividends)
    droppedDates = days.count - common.count
  }
}

/// The rows of one asset's file.
struct AssetFile {
  static let columns = ["Date", "Open", "High", "Low", "Close", "AdjClose", "Volume", "Dividends"]
  /// The columns in which zero is valid.
  private static let amounts: Set<String> = ["Volume", "Dividends"]

  let path: String
  private(set) var dates: [CalendarDate] = []
  private(set) var levels: [Double] = []
  private(set) var closes: [Double]?
  private(set) var volumes: [Double]?
  private(set) var dividends: [Double]?
  /// The line of the first of `dates`; each further date is on the next line.
  private var firstLine = 0

  init(path: String, column: PriceColumn, range: DateRange) throws(MarketDataError) {
    self.path = path
    var reader = try CSVReader(path: path)
    let present = reader.columns
    for name in present where !Self.columns.contains(name) {
      throw reader.fault(.unknownColumn(name, valid: Self.columns))
    }
    guard present.contains(column.rawValue) else {
      throw reader.fault(.missingColumn(column.rawValue, present: present))
    }
    let zeroIsValid = present.map { Self.amounts.contains($0) }
    let (high, low) = (present.firstIndex(of: "High"), present.firstIndex(of: "Low"))
    var values = [[Double]](repeating: [], count: present.count)
    while try reader.nextRow() {
      guard range.contains(reader.date) else { continue }
      if dates.isEmpty { firstLine = reader.line }
      for field in 1..<present.count {
        values[field].append(try reader.number(field, zeroIsValid: zeroIsValid[field]))
      }
      if let high, let low, values[high][dates.count] < values[low][dates.count] {
        throw reader.fault(
          .highBelowLow(high: values[high][dates.count], low: values[low][dates.count]))
      }
      dates.append(reader.date)
    }
    guard !dates.isEmpty else {
      throw MarketDataError(file: path, .noRows(from: range.from, through: range.through))
    }
    func optional(_ name: String) -> [Double]? { present.firstIndex(of: name).map { values[$0] } }
    levels = optional(column.rawValue) ?? []
    closes = optional("Close")
    volumes = optional("Volume")
    dividends = optional("Dividends")
  }

  /// The file names of a folder's assets by asset.
  static func files(inFolder path: String) throws(MarketDataError) -> [String: String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch CocoaError.fileReadNoSuchFile {
      throw MarketDataError(file: path, .missingFile)
    } catch {
      throw MarketDataError(file: path, .unreadable(reason: error.localizedDescription))
    }
    var files: [String: String] = [:]
    for name in names where !name.hasPrefix(".") {
      for ending in [".csv", ".csv.gz"] where name.hasSuffix(ending) {
        let asset = String(name.dropLast(ending.count))
        guard files[asset] == nil else { throw MarketDataError(file: path, .ambiguousAsset(asset)) }
        files[asset] = name
      }
    }
    return files
  }

  /// Throws at the first date that differs from the other file's.
  func requireSameDates(as other: AssetFile) throws(MarketDataError) {
    let name = String(other.path.split(separator: "/").last ?? "")
    for (index, (date, expected)) in zip(dates, other.dates).enumerated() where date != expected {
      throw MarketDataError(
        file: path, line: firstLine + index, .differentDate(date, expected: expected, in: name))
    }
    let shared = min(dates.count, other.dates.count)
    if dates.count > shared {
      throw MarketDataError(
        file: path, line: firstLine + shared, .additionalDate(dates[shared], other: name))
    }
    if other.dates.count > shared {
      throw MarketDataError(
        file: path, .endsEarly(dates[shared - 1], next: other.dates[shared], in: name))
    }
  }

  /// The rows on which some of the dates stand, both in increasing order.
  func rows(of some: [CalendarDate]) -> [Int] {
    var row = 0
    return some.map { date in
      while dates[row] < date { row += 1 }
      return row
    }
  }
}
