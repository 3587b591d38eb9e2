extension PriceHistory {
  /// Reads a file with one row per date and one column of levels per asset: `Date,VTI,BND,…`.
  ///
  /// Dates are checked on every row; levels are read, and must be there, in the chosen columns from
  /// `from` through `through`.
  ///
  /// - Parameters:
  ///   - path: a `.csv` or `.csv.gz` file.
  ///   - assets: the columns to read, in this order; `nil` for all.
  /// - Throws: at the first fault; nothing is filled or left out.
  public init(
    wideCSV path: String, assets: [String]? = nil, from: CalendarDate? = nil,
    through: CalendarDate? = nil
  ) throws(MarketDataError) {
    var reader = try CSVReader(path: path)
    let names = assets ?? Array(reader.columns.dropFirst())
    let fields = try Self.fields(of: names, in: reader)
    let range = DateRange(from: from, through: through)
    var dates: [CalendarDate] = []
    var levels: [Double] = []
    while try reader.nextRow() {
      guard range.contains(reader.date) else { continue }
      dates.append(reader.date)
      for field in fields { levels.append(try reader.number(field)) }
    }
    guard !dates.isEmpty else {
      throw MarketDataError(file: path, .noRows(from: from, through: through))
    }
    self.init(assets: names, dates: dates, levels: levels)
  }

  private static func fields(
    of names: [String], in reader: CSVReader
  ) throws(MarketDataError) -> [Int] {
    guard !names.isEmpty else { throw reader.fault(.noAssets) }
    var fields: [Int] = []
    for name in names {
      guard let field = reader.columns.dropFirst().firstIndex(of: name) else {
        throw reader.fault(.unknownAsset(name, valid: Array(reader.columns.dropFirst())))
      }
      guard !fields.contains(field) else { throw reader.fault(.duplicateAsset(name)) }
      fields.append(field)
    }
    return fields
  }
}
