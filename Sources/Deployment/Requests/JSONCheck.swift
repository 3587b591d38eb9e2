/// Reads JSON text once, before anything is decoded from it, for what decoders let pass or cannot name:
/// size, depth, doubled keys, numbers that are none.
///
/// RFC 8259, in UTF-8. It keeps nothing of the text and cannot recurse deeper than is allowed.
struct JSONCheck {
  /// The most bytes of a request.
  static let sizeLimit = 1 << 20
  /// The most lists and objects within each other.
  static let depthLimit = 16
  /// The most characters of a number.
  static let digitLimit = 64

  private let bytes: [UInt8]
  private var place = 0
  private var line = 1
  private var path: [Step] = []

  private enum Step {
    case key(String)
    case index(Int)
  }

  /// What is wrong, and where.
  struct Defect: Error {
    let description: String
    /// Whether it is a number that is not finite.
    var isNotFinite = false
  }

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// What is wrong with a text; `nil` where it is JSON as requests may have it.
  static func defect(_ text: [UInt8]) -> Defect? {
    if text.count > sizeLimit {
      return Defect(description: "\(text.count) bytes, at most \(sizeLimit) are allowed")
    }
    guard String(validating: text, as: UTF8.self) != nil else {
      return Defect(description: "not JSON: the text is not UTF-8")
    }
    var check = JSONCheck(text)
    do throws(Defect) {
      try check.value()
      check.skipSpace()
      if check.place < text.count { throw check.defect("nothing may follow the end") }
      return nil
    } catch { return error }
  }

  // MARK: - Grammar

  private mutating func value() throws(Defect) {
    skipSpace()
    switch current {
    case UInt8(ascii: "{"): try nested { (check: inout Self) throws(Defect) in try check.object() }
    case UInt8(ascii: "["): try nested { (check: inout Self) throws(Defect) in try check.list() }
    case UInt8(ascii: "\""): _ = try text()
    default: try word()
    }
  }

  private mutating func nested(
    _ body: (inout Self) throws(Defect) -> Void
  ) throws(Defect) {
    guard path.count < Self.depthLimit else {
      throw defect("more than \(Self.depthLimit) lists and objects within each other")
    }
    place += 1
    try body(&self)
  }

  private mutating func object() throws(Defect) {
    var keys: Set<String> = []
    skipSpace()
    if take("}") { return }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw defect("a key in quotes is expected") }
      let key = try text()
      path.append(.key(key))
      guard keys.insert(key).inserted else { throw defect("the field stands twice") }
      skipSpace()
      guard take(":") else { throw defect("“:” is expected") }
      try value()
      path.removeLast()
      skipSpace()
      if take("}") { return }
      guard take(",") else { throw defect("“,” or “}” is expected") }
    }
  }

  private mutating func list() throws(Defect) {
    skipSpace()
    if take("]") { return }
    for index in 0... {
      path.append(.index(index))
      try value()
      path.removeLast()
      skipSpace()
      if take("]") { return }
      guard take(",") else { throw defect("“,” or “]” is expected") }
    }
  }

  /// A text in quotes, as it is meant.
  private mutating func text() throws(Defect) -> String {
    place += 1
    var units: [UInt8] = []
    while let byte = current, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw defect("a control character stands in a text") }
      place += 1
      guard byte == UInt8(ascii: "\\") else {
        units.append(byte)
        continue
      }
      units += try escape()
    }
    guard take("\"") else { throw defect("a text has no end") }
    return String(decoding: units, as: UTF8.self)
  }

  /// What stands after a backslash.
  private mutating func escape() throws(Defect) -> [UInt8] {
    let letter = current
    place += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter ?? 0]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"): return try unicode()
    default: throw defect("“\\” stands before what it cannot stand before")
    }
  }

  /// Four digits, or two times four for a pair of surrogates.
  private mutating func unicode() throws(Defect) -> [UInt8] {
    let first = try fourDigits()
    guard (0xD800...0xDFFF).contains(first) else {
      return Unicode.Scalar(first).map { Array(String(Character($0)).utf8) } ?? []
    }
    guard first < 0xDC00, take("\\"), take("u") else { throw defect("half of a pair “\\u”") }
    let second = try fourDigits()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw defect("half of a pair “\\u”") }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func fourDigits() throws(Defect) -> UInt32 {
    var number: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw defect("“\\u” needs four digits")
      }
      number = number << 4 + UInt32(digit)
      place += 1
    }
    return number
  }

  /// A number, true, false or null.
  private mutating func word() throws(Defect) {
    let start = place
    while let byte = current, isWord(byte) { place += 1 }
    let word = String(decoding: bytes[start..<place], as: UTF8.self)
    if ["true", "false", "null"].contains(word) { return }
    guard !word.isEmpty else {
      throw defect(place < bytes.count ? "a value is expected" : "the text ends too early")
    }
    guard word.utf8.count <= Self.digitLimit else {
      throw defect("a number of \(word.utf8.count) characters, \(Self.digitLimit) are allowed")
    }
    let number = Double(word)
    if let number, !number.isFinite {
      throw Defect(description: "line \(line): \(word) is not a finite number", isNotFinite: true)
    }
    guard number != nil, Self.isNumber(word) else { throw defect("“\(word)” is no JSON") }
  }

  private func isWord(_ byte: UInt8) -> Bool {
    let character = Character(UnicodeScalar(byte))
    return byte < 0x80 && (character.isLetter || character.isNumber) || "+-.".utf8.contains(byte)
  }

  /// Whether a word is written as JSON writes numbers: no `+1`, `01`, `.5`, `1.` or `0x1`.
  private static func isNumber(_ word: String) -> Bool {
    let rest = word.hasPrefix("-") ? word.dropFirst() : word[...]
    let whole = rest.prefix(while: \.isNumber)
    guard whole == "0" || !whole.isEmpty && !whole.hasPrefix("0") else { return false }
    var tail = rest.dropFirst(whole.count)
    if tail.hasPrefix(".") {
      let decimals = tail.dropFirst().prefix(while: \.isNumber)
      guard !decimals.isEmpty else { return false }
      tail = tail.dropFirst(1 + decimals.count)
    }
    return tail.isEmpty || tail.hasPrefix("e") || tail.hasPrefix("E")
  }

  // MARK: - Characters

  private var current: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      if byte == 0x0A { line += 1 }
      place += 1
    }
  }

  /// A defect here: the line, and the field where there is one.
  private func defect(_ problem: String) -> Defect {
    let field = path.reduce("") { text, step in
      switch step {
      case .key(let key): text.isEmpty ? key : "\(text).\(key)"
      case .index(let index): "\(text)[\(index)]"
      }
    }
    return Defect(
      description: "not JSON: line \(line): \(field.isEmpty ? "" : "\(field): ")\(problem)")
  }
}
