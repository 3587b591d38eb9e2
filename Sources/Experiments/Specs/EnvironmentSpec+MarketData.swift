import Foundation
import Markets

// The markets that replay or resample data.

extension EnvironmentSpec {
  static func historical(
    _ assets: [String], _ stepsPerYear: Double, _ folder: String, _ reader: inout SpecReader
  ) throws -> (_ horizon: Int?) throws -> Market<Double> {
    let data = try MarketDataKeys(assets, stepsPerYear, folder, &reader)
    let start = try episodeStart(&reader)
    let complain = reader
    return { horizon in
      let (history, table) = try data.load()
      do throws(HistoryTooShort) {
        return .historical(
          try HistoricalMarket(
            history: history, table: table, warmup: data.covariance.warmup, horizon: horizon,
            start: start))
      } catch {
        throw complain.fault(error.startDate == nil ? "data" : "episode_start", "\(error)")
      }
    }
  }

  static func bootstrap(
    _ assets: [String], _ stepsPerYear: Double, _ folder: String, _ reader: inout SpecReader
  ) throws -> (_ horizon: Int?) throws -> Market<Double> {
    let data = try MarketDataKeys(assets, stepsPerYear, folder, &reader)
    let length = try blockLength(&reader)
    guard data.interruptions == .none else {
      throw reader.fault(
        data.interruptions.halts.isEmpty ? "delistings" : "halts",
        "resampled days have no dates; a historical market is valid")
    }
    let complain = reader
    return { _ in
      let (history, table) = try data.load()
      let needed = max(data.covariance.warmup + 1, 21)
      guard history.dates.count >= needed else {
        throw complain.fault(
          "data", "\(history.dates.count) days are too few: \(needed) days are needed")
      }
      return .bootstrap(
        BootstrapMarket(
          table, blockLength: length ?? history.automaticBlockLength, covariance: data.covariance))
    }
  }

  /// `fixed`, `random` or a list of dates.
  private static func episodeStart(_ reader: inout SpecReader) throws(SpecError) -> EpisodeStart {
    guard let value = reader.optional("episode_start") else { return .fixed }
    switch value.content {
    case .string("fixed"): return .fixed
    case .string("random"): return .random
    case .list:
      var dates: [CalendarDate] = []
      for text in try reader.strings("episode_start") {
        guard let date = CalendarDate(iso: text) else {
          throw reader.fault("episode_start", "“\(text)” is not a date, YYYY-MM-DD is valid")
        }
        dates.append(date)
      }
      guard dates.isEmpty else { return .dates(dates) }
      throw reader.fault("episode_start", "at least one date is needed")
    default:
      throw reader.fault(
        "episode_start",
        "\(value.content.words) is given, valid are fixed, random or a list of dates")
    }
  }

  /// Expected days of a block; `nil` for `auto`.
  private static func blockLength(_ reader: inout SpecReader) throws(SpecError) -> Double? {
    guard case .string(let text) = try reader.value("block_length_steps").content else {
      return try reader.number("block_length_steps", in: 1...1e6, "1 to 1e6 or auto")
    }
    guard text == "auto" else {
      throw reader.fault("block_length_steps", "“\(text)” is given, 1 to 1e6 or auto is valid")
    }
    return nil
  }
}

/// The keys that say which data a market takes, and how it is read.
struct MarketDataKeys {
  /// What a return of the data is.
  private enum DataReturns: String, CaseIterable {
    /// The ratio of two levels, all of it growth.
    case total
    /// The ratio of two closing prices, with dividends as income.
    case priceAndDividends = "price_and_dividends"
  }

  let covariance: ExponentialCovariance
  let interruptions: Interruptions
  private let assets: [String]
  private let path: String
  private let first: CalendarDate?
  private let last: CalendarDate?
  private let column: PriceColumn
  private let calendar: CalendarAlignment
  private let returns: DataReturns
  private let repairs: [PriceRepair]
  private let index: (path: String, column: String)?
  /// For errors that only the data shows.
  private let reader: SpecReader

  init(
    _ assets: [String], _ stepsPerYear: Double, _ folder: String, _ reader: inout SpecReader
  ) throws(SpecError) {
    func located(_ name: String) -> String {
      name.hasPrefix("/") || folder.isEmpty ? name : folder + "/" + name
    }
    self.assets = assets
    path = located(try reader.string("data"))
    first = try reader.date("first_date")
    last = try reader.date("last_date")
    column = try reader.choice("price_column", or: .adjustedClose)
    returns = try reader.choice("data_returns", or: .total)
    calendar = try reader.choice("calendar", or: .identical)
    covariance = ExponentialCovariance(
      halfLife: try reader.number(
        "covariance_half_life_days", in: Double.leastNormalMagnitude..., "a positive number"),
      warmup: try reader.int("covariance_warmup_days", in: 2...1_000_000, "2 to 1e6"),
      stepsPerYear: stepsPerYear)
    repairs = try Self.repairs(&reader)
    interruptions = try Self.interruptions(&reader)
    index =
      reader.has("volatility_index_file")
      ? (
        located(try reader.string("volatility_index_file")),
        try reader.string("volatility_index_column")
      ) : nil
    self.reader = reader
  }

  private static func repairs(_ reader: inout SpecReader) throws(SpecError) -> [PriceRepair] {
    guard reader.has("repairs") else { return [] }
    var repairs: [PriceRepair] = []
    for var inner in try reader.maps("repairs") {
      let repair = PriceRepair(
        asset: try inner.string("asset"), date: try inner.requiredDate("date"),
        printed: try inner.number("printed"), value: try inner.number("value"),
        reason: try inner.string("reason"))
      try inner.finish()
      repairs.append(repair)
    }
    return repairs
  }

  private static func interruptions(_ reader: inout SpecReader) throws(SpecError) -> Interruptions {
    var result = Interruptions.none
    for var inner in reader.has("halts") ? try reader.maps("halts") : [] {
      let halt = Interruptions.Halt(
        asset: try inner.string("asset"), from: try inner.requiredDate("from"),
        through: try inner.requiredDate("to"))
      try inner.finish()
      result.halts.append(halt)
    }
    for var inner in reader.has("delistings") ? try reader.maps("delistings") : [] {
      let delisting = Interruptions.Delisting(
        asset: try inner.string("asset"), date: try inner.requiredDate("date"),
        recovery: try inner.number("recovery"))
      try inner.finish()
      result.delistings.append(delisting)
    }
    return result
  }

  /// Reads the data and makes the table of its returns.
  func load() throws -> (history: PriceHistory, table: ReturnTable<Double>) {
    let history = try read().applying(repairs)
    if let defect = interruptions.defect(for: history) {
      throw reader.fault(interruptions.halts.isEmpty ? "delistings" : "halts", defect)
    }
    let paysDividends = returns == .priceAndDividends
    if paysDividends, history.closes == nil || history.dividends == nil {
      throw reader.fault(
        "data_returns",
        "price_and_dividends needs the columns Close and Dividends of a folder of assets")
    }
    let table = ReturnTable<Double>(
      history, covariance: covariance, paysDividends: paysDividends, interruptions: interruptions,
      index: try volatilityIndex(history.dates))
    return (history, table)
  }

  private func read() throws -> PriceHistory {
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw MarketDataError(file: path, .missingFile)
    }
    return isFolder.boolValue
      ? try PriceHistory(
        assetFolder: path, assets: assets, column: column, calendar: calendar, from: first,
        through: last)
      : try PriceHistory(wideCSV: path, assets: assets, from: first, through: last)
  }

  private func volatilityIndex(_ days: [CalendarDate]) throws -> [Double]? {
    guard let index else { return nil }
    let series = try PriceHistory(wideCSV: index.path, assets: [index.column])
    do {
      return try series.values(of: index.column, asOf: days)
    } catch {
      throw MarketDataError(file: index.path, error.problem)
    }
  }
}

extension SpecReader {
  /// The maps of a list, each to be read and finished by itself.
  mutating func maps(_ key: String) throws(SpecError) -> [SpecReader] {
    guard case .list(let list) = try value(key).content else {
      throw fault(key, "a list of maps is expected")
    }
    var readers: [SpecReader] = []
    for element in list { readers.append(try SpecReader(element, file: file)) }
    return readers
  }

  mutating func requiredDate(_ key: String) throws(SpecError) -> CalendarDate {
    guard let date = try date(key) else {
      _ = try value(key)
      throw fault(key, "a date is expected")
    }
    return date
  }
}
