import Experiments
import Ledgers
import Markets

/// Trades read from a file: `date,account,kind,asset,side,units,price,fee,lot`, one trade a line.
///
/// Dates must not decrease; `kind` is `taxable` or `ira`, `side` is `buy` or `sell`; `lot` is empty, or
/// the id of the lot to sell where lots are chosen one by one. The n-th purchase is lot n.
struct TradeFile {
  static let columns = [
    "date", "account", "kind", "asset", "side", "units", "price", "fee", "lot",
  ]

  private let file: String
  private var trades: [(line: Int, day: Day, fill: Fill)] = []

  /// Reads a file.
  init(path: String, selection: LotSelectionName, rates: TaxRates) throws {
    file = path
    var rules = CSVReader.Rules()
    rules.dateColumn = Self.columns[0]
    rules.repeatsDates = true
    // A line cut short lacks fields, since its last one is the lot.
    rules.mayLackLastLineEnd = true
    var reader = try CSVReader(path: path, rules: rules)
    guard reader.columns == Self.columns else {
      throw TradeFileError(
        reader,
        "the columns must be \(Self.columns.joined(separator: ",")); "
          + "there are \(reader.columns.joined(separator: ","))")
    }
    while try reader.nextRow() {
      let row = TradeRow(reader: reader)
      let day = Day(daysSinceEpoch: reader.date.daysSinceEpoch)
      trades.append((reader.line, day, try row.fill(selection, rates: rates)))
    }
    guard !trades.isEmpty else {
      throw MarketDataError(file: path, .noRows(from: nil, through: nil))
    }
  }

  /// Books all trades, day by day.
  func replay(in ledger: inout Ledger) throws(TradeFileError) {
    var rest = trades[...]
    while let day = rest.first?.day {
      let today = rest.prefix { $0.day == day }
      do throws(LedgerError) {
        try ledger.trade(today.map(\.fill), on: day)
      } catch {
        let line = today[today.startIndex + error.fill].line
        throw TradeFileError(file: file, line: line, message: error.description)
      }
      rest = rest.dropFirst(today.count)
    }
  }
}

/// What is wrong with a trade, and where.
struct TradeFileError: Error, CustomStringConvertible {
  let file: String
  let line: Int
  let message: String

  init(file: String, line: Int, message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  /// A fault of the present line.
  init(_ reader: CSVReader, _ message: String) {
    self.init(file: reader.file, line: reader.line, message: message)
  }

  var description: String { "\(file):\(line): \(message)" }
}

/// The present line of a file of trades.
private struct TradeRow {
  let reader: CSVReader

  func fill(_ selection: LotSelectionName, rates: TaxRates) throws -> Fill {
    let kind = try word("kind", among: Account.Kind.allCases.map { ($0.rawValue, $0) })
    let isSale = try word("side", among: [("buy", false), ("sell", true)])
    return Fill(
      try isSale ? .sell(lotSelection(selection, rates: rates)) : purchase(),
      units: try reader.number(column("units")), of: try name("asset"),
      at: try reader.number(column("price"), zeroIsValid: true),
      fee: try reader.number(column("fee"), zeroIsValid: true),
      in: Account(try name("account"), kind))
  }

  private func column(_ name: String) -> Int { TradeFile.columns.firstIndex(of: name) ?? 0 }

  private func text(_ name: String) -> String { reader.text(column(name)) }

  private func name(_ column: String) throws(TradeFileError) -> String {
    guard !text(column).isEmpty else {
      throw TradeFileError(reader, "column '\(column)' is empty; a name is needed")
    }
    return text(column)
  }

  private func word<Value>(
    _ column: String, among valid: [(name: String, value: Value)]
  ) throws(TradeFileError) -> Value {
    guard let match = valid.first(where: { $0.name == text(column) }) else {
      let names = valid.map { "'\($0.name)'" }.joined(separator: " or ")
      throw TradeFileError(
        reader, "column '\(column)' holds '\(text(column))'; \(names) is needed")
    }
    return match.value
  }

  private func purchase() throws(TradeFileError) -> Fill.Side {
    guard text("lot").isEmpty else {
      throw TradeFileError(
        reader, "column 'lot' holds '\(text("lot"))'; a purchase opens a new lot, leave it empty")
    }
    return .buy
  }

  /// The lot that is named, else what the command says; who names none sells the oldest.
  private func lotSelection(
    _ selection: LotSelectionName, rates: TaxRates
  ) throws(TradeFileError) -> LotSelection {
    guard !text("lot").isEmpty else { return selection.rule(rates) }
    guard selection == .specific else {
      throw TradeFileError(
        reader,
        "column 'lot' holds '\(text("lot"))', but lots are chosen by "
          + "'\(selection.rawValue)'; only --selection specific reads it")
    }
    guard let lot = Int(text("lot")), lot > 0 else {
      throw TradeFileError(
        reader, "column 'lot' holds '\(text("lot"))'; the number of a purchase is needed, from 1")
    }
    return .specific(lot: lot)
  }
}
