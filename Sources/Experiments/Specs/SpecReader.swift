import Markets

/// Reads the map of a specification strictly: every key must be asked for, every value must fit.
struct SpecReader {
  let file: String
  private let map: [String: SpecValue]
  private let line: Int?
  private var asked: Set<String> = []

  init(_ value: SpecValue, file: String) throws(SpecError) {
    guard case .map(let map) = value.content else {
      throw SpecError(file: file, line: value.line, "keys with values are expected")
    }
    self.file = file
    self.map = map
    line = value.line
  }

  /// Whether a key is there; asking makes it valid.
  mutating func has(_ key: String) -> Bool {
    asked.insert(key)
    return map[key] != nil
  }

  /// The value of a key, if it is there.
  mutating func optional(_ key: String) -> SpecValue? {
    has(key) ? map[key] : nil
  }

  mutating func value(_ key: String) throws(SpecError) -> SpecValue {
    guard let value = optional(key) else {
      throw SpecError(file: file, line: line, "the key “\(key)” is missing")
    }
    return value
  }

  /// A complaint about the value of a key, with its line.
  func fault(_ key: String, _ problem: String) -> SpecError {
    SpecError(file: file, line: map[key]?.line, "\(key): \(problem)")
  }

  /// Throws at the first key that nobody asked for.
  func finish() throws(SpecError) {
    guard let other = map.keys.sorted().first(where: { !asked.contains($0) }) else { return }
    throw SpecError(
      file: file, line: map[other]?.line,
      "unknown key “\(other)”; valid here are \(asked.sorted().joined(separator: ", "))")
  }

  // MARK: - Kinds of values

  mutating func string(_ key: String) throws(SpecError) -> String {
    let value = try value(key)
    guard case .string(let text) = value.content else {
      throw fault(key, "text is expected, \(value.content.words) is given")
    }
    return text
  }

  mutating func number(_ key: String) throws(SpecError) -> Double {
    let value = try value(key)
    guard let number = value.number else {
      throw fault(key, "a number is expected, \(value.content.words) is given")
    }
    return number
  }

  mutating func number(_ key: String, or standard: Double) throws(SpecError) -> Double {
    has(key) ? try number(key) : standard
  }

  /// A number in a range.
  mutating func number(
    _ key: String, or standard: Double? = nil, in range: some RangeExpression<Double>,
    _ words: String
  ) throws(SpecError) -> Double {
    if let standard, !has(key) { return standard }
    let number = try number(key)
    guard range.contains(number) else { throw fault(key, "\(number) is given, \(words) is valid") }
    return number
  }

  mutating func int(
    _ key: String, or standard: Int? = nil, in range: some RangeExpression<Int>, _ words: String
  ) throws(SpecError) -> Int {
    if let standard, !has(key) { return standard }
    let value = try value(key)
    guard case .int(let number) = value.content else {
      throw fault(key, "a whole number is expected, \(value.content.words) is given")
    }
    guard range.contains(number) else { throw fault(key, "\(number) is given, \(words) is valid") }
    return number
  }

  /// One of an enumeration's raw values.
  mutating func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, or standard: Choice? = nil
  ) throws(SpecError) -> Choice {
    if let standard, !has(key) { return standard }
    let text = try string(key)
    guard let choice = Choice(rawValue: text) else {
      let valid = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw fault(key, "“\(text)” is given, valid are \(valid)")
    }
    return choice
  }

  mutating func numbers(_ key: String) throws(SpecError) -> [Double] {
    let value = try value(key)
    guard let numbers = value.numbers else {
      throw fault(key, "a list of numbers is expected, \(value.content.words) is given")
    }
    return numbers
  }

  /// A list of numbers, or one number for all of `count`.
  mutating func numbers(
    _ key: String, count: Int, or standard: Double? = nil
  ) throws(SpecError) -> [Double] {
    if let standard, !has(key) { return Array(repeating: standard, count: count) }
    if let number = try value(key).number { return Array(repeating: number, count: count) }
    let numbers = try numbers(key)
    guard numbers.count == count else {
      throw fault(key, "\(numbers.count) numbers for \(count) assets")
    }
    return numbers
  }

  mutating func matrix(_ key: String, size: Int) throws(SpecError) -> [[Double]] {
    guard case .list(let rows) = try value(key).content,
      let matrix = rows.map(\.numbers) as? [[Double]], matrix.count == size,
      matrix.allSatisfy({ $0.count == size })
    else { throw fault(key, "\(size) rows of \(size) numbers are expected") }
    return matrix
  }

  mutating func strings(_ key: String) throws(SpecError) -> [String] {
    guard case .list(let list) = try value(key).content else {
      throw fault(key, "a list of names is expected")
    }
    var strings: [String] = []
    for element in list {
      guard case .string(let text) = element.content else {
        throw fault(key, "\(element.content.words) is not a name")
      }
      strings.append(text)
    }
    return strings
  }

  mutating func date(_ key: String) throws(SpecError) -> CalendarDate? {
    guard has(key) else { return nil }
    let text = try string(key)
    guard let date = CalendarDate(iso: text) else {
      throw fault(key, "“\(text)” is not a date, YYYY-MM-DD is valid")
    }
    return date
  }
}

extension SpecValue {
  /// The finite number that it is.
  var number: Double? {
    switch content {
    case .int(let value): Double(value)
    case .double(let value) where value.isFinite: value
    default: nil
    }
  }

  /// The numbers that it lists.
  var numbers: [Double]? {
    guard case .list(let list) = content else { return nil }
    return list.map(\.number) as? [Double]
  }
}

extension SpecValue.Content {
  /// The value as an error names it.
  var words: String {
    switch self {
    case .null: "nothing"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let value): "“\(value)”"
    case .list: "a list"
    case .map: "a map"
    }
  }
}
