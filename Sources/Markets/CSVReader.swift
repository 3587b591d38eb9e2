/// The rows of a comma-separated file whose first column is a date.
///
/// Strict: every row has as many fields as the header, dates increase, nothing is quoted. A line may
/// end in LF or CRLF; a UTF-8 byte order mark is skipped.
package struct CSVReader {
  /// What a valid file is.
  package struct Rules: Sendable {
    /// The name of the first column.
    package var dateColumn = "Date"
    /// Whether a date may be that of the row before.
    package var repeatsDates = false
    /// Whether the last line may lack its end if all its fields are there.
    package var mayLackLastLineEnd = false

    package init() {}
  }

  /// The file, as it was given.
  package let file: String
  /// The names in the header; the first is that of the dates.
  package private(set) var columns: [String] = []
  /// The line that was read last, counted from 1.
  package private(set) var line = 0
  /// The date of the row that was read last.
  package private(set) var date = CalendarDate(daysSinceEpoch: .min)

  private let rules: Rules
  private let bytes: [UInt8]
  private var position = 0
  /// Where the fields of the present line stand in `bytes`.
  private var fields: [Range<Int>] = []

  /// Reads a whole file and its header.
  package init(path: String, rules: Rules = Rules()) throws(MarketDataError) {
    file = path
    self.rules = rules
    bytes = try DataFile.contents(of: path)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    guard position < bytes.count else { throw MarketDataError(file: file, .emptyFile) }
    try splitLine()
    columns = fields.indices.map { text($0) }
    guard columns[0] == rules.dateColumn else {
      throw fault(.firstColumn(columns[0], expected: rules.dateColumn))
    }
    var seen: Set<String> = []
    for (index, name) in columns.enumerated() {
      guard !name.isEmpty else { throw fault(.unnamedColumn(number: index + 1)) }
      guard seen.insert(name).inserted else { throw fault(.duplicateColumn(name)) }
    }
  }

  /// Moves to the next row and reads its date.
  ///
  /// - Returns: whether there is one.
  package mutating func nextRow() throws(MarketDataError) -> Bool {
    guard position < bytes.count else { return false }
    let hasLineEnd = try splitLine()
    guard fields.count == columns.count else {
      throw fault(
        hasLineEnd
          ? .fieldCount(fields.count, expected: columns.count)
          : .truncatedLastLine(fields: fields.count, expected: columns.count))
    }
    // A number that was cut off is still a number: only the line's end shows that it is whole.
    guard hasLineEnd || rules.mayLackLastLineEnd else {
      throw fault(.truncatedLastLine(fields: fields.count, expected: columns.count))
    }
    guard let next = CalendarDate(ascii: bytes[fields[0]]) else { throw fault(.badDate(text(0))) }
    guard rules.repeatsDates ? next >= date : next > date else {
      throw fault(.unorderedDates(next, after: date, mayRepeat: rules.repeatsDates))
    }
    date = next
    return true
  }

  /// The number in a field of the present row: above zero, or zero where that is valid.
  package func number(_ field: Int, zeroIsValid: Bool = false) throws(MarketDataError) -> Double {
    let value = DecimalNumber.parse(bytes[fields[field]])
    guard let value else { throw badValue(field, nonNumberFault(field), zeroIsValid) }
    guard value.isFinite else { throw badValue(field, .notFinite, zeroIsValid) }
    guard value >= 0 else { throw badValue(field, .negative, zeroIsValid) }
    guard zeroIsValid || value > 0 else { throw badValue(field, .zero, zeroIsValid) }
    return value
  }

  /// A fault of the present line.
  func fault(_ problem: MarketDataError.Problem) -> MarketDataError {
    MarketDataError(file: file, line: line, problem)
  }

  private func badValue(
    _ field: Int, _ fault: MarketDataError.ValueFault, _ zeroIsValid: Bool
  ) -> MarketDataError {
    self.fault(
      .badValue(text(field), column: columns[field], fault, zeroIsValid: zeroIsValid))
  }

  private func nonNumberFault(_ field: Int) -> MarketDataError.ValueFault {
    let word = text(field).lowercased().drop { $0 == "-" || $0 == "+" }
    if word.isEmpty && fields[field].isEmpty { return .missing }
    return ["nan", "inf", "infinity"].contains(word) ? .notFinite : .notANumber
  }

  /// The text of a field of the present row.
  package func text(_ field: Int) -> String {
    String(decoding: bytes[fields[field]], as: UTF8.self)
  }

  /// Finds the fields of the next line.
  ///
  /// - Returns: whether the line has an end.
  @discardableResult
  private mutating func splitLine() throws(MarketDataError) -> Bool {
    line += 1
    fields.removeAll(keepingCapacity: true)
    var start = position
    var i = position
    while i < bytes.count, bytes[i] != UInt8(ascii: "\n") {
      if bytes[i] == UInt8(ascii: ",") {
        fields.append(start..<i)
        start = i + 1
      } else if bytes[i] == UInt8(ascii: "\"") {
        throw fault(.quotes)
      }
      i += 1
    }
    let hasLineEnd = i < bytes.count
    position = i + 1
    if hasLineEnd, i > start, bytes[i - 1] == UInt8(ascii: "\r") { i -= 1 }
    fields.append(start..<i)
    return hasLineEnd
  }
}

/// Decimal numbers such as `12`, `-0.5` or `1.2e-3`.
enum DecimalNumber {
  /// The nearest `Double`; `nil` where the text is anything but a decimal number.
  ///
  /// Infinite where the number is too large.
  static func parse(_ text: ArraySlice<UInt8>) -> Double? {
    var rest = text
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    let whole = skipDigits(&rest)
    var fraction = 0
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      fraction = skipDigits(&rest)
    }
    guard whole + fraction > 0 else { return nil }
    if let e = rest.first, e == UInt8(ascii: "e") || e == UInt8(ascii: "E") {
      rest.removeFirst()
      if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
        rest.removeFirst()
      }
      guard skipDigits(&rest) > 0 else { return nil }
    }
    return rest.isEmpty ? Double(String(decoding: text, as: UTF8.self)) : nil
  }

  private static func skipDigits(_ text: inout ArraySlice<UInt8>) -> Int {
    let digits = text.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.count
    text.removeFirst(digits)
    return digits
  }
}
