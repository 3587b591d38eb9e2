/// A version MAJOR.MINOR.PATCH, with a pre-release after `-` and a build after `+` where there is one.
///
/// Order is that of semver.org 2.0.0, section 11: numbers by size, a pre-release before its release,
/// pre-releases part by part; builds, which semver does not order, by their text.
public struct SemanticVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let description: String
  private let numbers: [Int]
  private let preRelease: [Substring]

  /// `nil` where the text is no such version.
  public init?(_ text: String) {
    let body = text.prefix { $0 != "+" }
    let parts = body.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let places = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let numbers = places.compactMap(Self.number)
    let suffixes =
      parts.dropFirst() + (body.count < text.count ? [text.dropFirst(body.count + 1)] : [])
    guard text.utf8.count <= 100, places.count == 3, numbers.count == 3,
      suffixes.allSatisfy(Self.isSuffix)
    else { return nil }
    description = text
    self.numbers = numbers
    preRelease = parts.dropFirst().first?.split(separator: ".") ?? []
  }

  public static func < (a: Self, b: Self) -> Bool {
    if a.numbers != b.numbers { return a.numbers.lexicographicallyPrecedes(b.numbers) }
    if a.preRelease != b.preRelease {
      if a.preRelease.isEmpty || b.preRelease.isEmpty { return b.preRelease.isEmpty }
      return a.preRelease.lexicographicallyPrecedes(b.preRelease, by: Self.isBefore)
    }
    return a.description < b.description
  }

  /// Numbers by size and before words; words by their bytes.
  private static func isBefore(_ a: Substring, _ b: Substring) -> Bool {
    switch (Int(a), Int(b)) {
    case (.some(let a), .some(let b)): a < b
    case (.some, nil): true
    case (nil, .some): false
    case (nil, nil): a.utf8.lexicographicallyPrecedes(b.utf8)
    }
  }

  private static func number(_ text: Substring) -> Int? {
    let isPlain = text == "0" || !text.hasPrefix("0")
    return isPlain && text.utf8.allSatisfy({ (48...57).contains($0) }) ? Int(text) : nil
  }

  /// Letters, digits, `-` and `.`, at least one, no two points together.
  private static func isSuffix(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        let character = Character(UnicodeScalar(byte))
        return character.isASCII && (character.isLetter || character.isNumber)
          || character == "-" || character == "."
      } && !text.contains("..") && !text.hasPrefix(".") && !text.hasSuffix(".")
  }
}
