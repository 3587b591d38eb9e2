/// What is wrong with market data, and where.
///
/// Data is never repaired or filled on the way in: the first fault ends the reading, and its
/// description, `FILE:LINE: message`, names the value and what is valid.
public struct MarketDataError: Error, Sendable, Hashable {
  /// The file or folder as it was given; `nil` where the fault lies in an argument.
  public let file: String?
  /// The line, counted from 1; `nil` where the fault has none.
  public let line: Int?
  /// The fault.
  public let problem: Problem

  public init(file: String? = nil, line: Int? = nil, _ problem: Problem) {
    self.file = file
    self.line = line
    self.problem = problem
  }

  /// The faults of market data.
  public enum Problem: Sendable, Hashable {
    case missingFile
    case unreadable(reason: String)
    case tooLarge(limit: Int)
    case truncatedGzip(bytes: Int)
    case corruptGzip(reason: String)
    case emptyFile
    case noRows(from: CalendarDate?, through: CalendarDate?)
    case quotes
    case fieldCount(Int, expected: Int)
    case truncatedLastLine(fields: Int, expected: Int)
    case firstColumn(String, expected: String)
    case unnamedColumn(number: Int)
    case unknownColumn(String, valid: [String])
    case duplicateColumn(String)
    case missingColumn(String, present: [String])
    case badDate(String)
    case unorderedDates(CalendarDate, after: CalendarDate, mayRepeat: Bool)
    case badValue(String, column: String, ValueFault, zeroIsValid: Bool)
    case highBelowLow(high: Double, low: Double)
    case noAssets
    case duplicateAsset(String)
    case unknownAsset(String, valid: [String])
    case ambiguousAsset(String)
    case differentDate(CalendarDate, expected: CalendarDate, in: String)
    case additionalDate(CalendarDate, other: String)
    case endsEarly(CalendarDate, next: CalendarDate, in: String)
    case noCommonDates
    case noRecentValue(String, CalendarDate, limit: Int)
    case repairOfUnknownDate(asset: String, CalendarDate, first: CalendarDate, last: CalendarDate)
    case repairOfOtherPrice(asset: String, CalendarDate, found: Double, expected: Double)
    case invalidRepair(asset: String, CalendarDate, value: Double)
  }

  /// Why a cell is not a valid number.
  public enum ValueFault: Sendable, Hashable {
    case missing, notANumber, notFinite, zero, negative
  }
}

extension MarketDataError: CustomStringConvertible {
  /// `FILE:LINE: message`, without the parts that are not known.
  public var description: String {
    guard let file else { return problem.description }
    guard let line else { return "\(file): \(problem)" }
    return "\(file):\(line): \(problem)"
  }
}

extension MarketDataError.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingFile, .unreadable, .tooLarge, .truncatedGzip, .corruptGzip, .emptyFile, .noRows:
      fileMessage
    case .quotes, .fieldCount, .truncatedLastLine, .firstColumn, .unnamedColumn, .unknownColumn,
      .duplicateColumn, .missingColumn:
      layoutMessage
    case .badDate, .unorderedDates, .badValue, .highBelowLow: valueMessage
    case .noAssets, .duplicateAsset, .unknownAsset, .ambiguousAsset: assetMessage
    case .differentDate, .additionalDate, .endsEarly, .noCommonDates, .noRecentValue:
      calendarMessage
    case .repairOfUnknownDate, .repairOfOtherPrice, .invalidRepair: repairMessage
    }
  }

  private var fileMessage: String {
    switch self {
    case .missingFile: "no such file or folder"
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .tooLarge(let limit): "larger than the limit of \(limit) bytes"
    case .truncatedGzip(let bytes): "the gzip data breaks off after \(bytes) bytes of content"
    case .corruptGzip(let reason): "not valid gzip data: \(reason)"
    case .emptyFile: "the file is empty; a header line and rows are needed"
    case .noRows(nil, nil): "no rows after the header"
    case .noRows(let from, let through):
      "no rows from \(from?.description ?? "the first") through "
        + "\(through?.description ?? "the last")"
    default: ""
    }
  }

  private var layoutMessage: String {
    switch self {
    case .quotes: "quoted fields are not supported; write plain values without quotes"
    case .fieldCount(let count, let expected): "\(count) fields where the header has \(expected)"
    case .truncatedLastLine(let fields, let expected):
      "the last line breaks off: \(fields) fields of \(expected) and no line end"
    case .firstColumn(let name, let expected):
      "the first column is '\(name)'; it must be '\(expected)'"
    case .unnamedColumn(let number): "column \(number) has no name"
    case .unknownColumn(let name, let valid):
      "unknown column '\(name)'; valid are \(valid.joined(separator: ", "))"
    case .duplicateColumn(let name): "column '\(name)' appears twice"
    case .missingColumn(let name, let present):
      "no column '\(name)'; there are \(present.joined(separator: ", "))"
    default: ""
    }
  }

  private var valueMessage: String {
    switch self {
    case .badDate(let text): "'\(text)' is not a date; dates are YYYY-MM-DD"
    case .unorderedDates(let date, let previous, let mayRepeat):
      "\(date) does not follow \(previous); dates must "
        + (mayRepeat ? "not decrease" : "strictly increase")
    case .badValue(_, let column, .missing, let zeroIsValid):
      "column '\(column)' is empty; \(Self.valid(zeroIsValid)) is needed"
    case .badValue(let text, let column, let fault, let zeroIsValid):
      "column '\(column)' holds '\(text)', \(fault.reason); \(Self.valid(zeroIsValid)) is needed"
    case .highBelowLow(let high, let low): "the high \(high) is below the low \(low)"
    default: ""
    }
  }

  private static func valid(_ zeroIsValid: Bool) -> String {
    zeroIsValid ? "a number of at least 0" : "a number above 0"
  }

  private var assetMessage: String {
    switch self {
    case .noAssets: "no assets: there is nothing to load"
    case .duplicateAsset(let name): "asset '\(name)' is named twice"
    case .unknownAsset(let name, let valid):
      "no asset '\(name)'; there are \(valid.joined(separator: ", "))"
    case .ambiguousAsset(let name):
      "asset '\(name)' has two files, \(name).csv and \(name).csv.gz; one must go"
    default: ""
    }
  }

  private var calendarMessage: String {
    switch self {
    case .differentDate(let date, let expected, let other):
      "\(date) where \(other) has \(expected); \(Self.calendarAdvice)"
    case .additionalDate(let date, let other):
      "\(date) comes after the last date of \(other); \(Self.calendarAdvice)"
    case .endsEarly(let last, let next, let other):
      "ends on \(last), but \(other) goes on to \(next); \(Self.calendarAdvice)"
    case .noCommonDates: "there is no date that all assets have"
    case .noRecentValue(let name, let date, let limit):
      "'\(name)' has no value within \(limit) days up to \(date)"
    default: ""
    }
  }

  private static let calendarAdvice =
    "dates must be identical unless the calendar rule is 'intersection'"

  private var repairMessage: String {
    switch self {
    case .repairOfUnknownDate(let asset, let date, let first, let last):
      "a repair names \(asset) on \(date), which is not one of the dates from \(first) to \(last)"
    case .repairOfOtherPrice(let asset, let date, let found, let expected):
      "a repair names \(asset) on \(date) as \(expected), but the price there is \(found)"
    case .invalidRepair(let asset, let date, let value):
      "a repair of \(asset) on \(date) holds \(value); a finite number above 0 is needed"
    default: ""
    }
  }
}

extension MarketDataError.ValueFault {
  fileprivate var reason: String {
    switch self {
    case .missing: "which is empty"
    case .notANumber: "which is not a number"
    case .notFinite: "which is not finite"
    case .zero: "which is zero"
    case .negative: "which is negative"
    }
  }
}
