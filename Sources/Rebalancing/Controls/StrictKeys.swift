/// Any key of a document.
package struct AnyKey: CodingKey {
  package let stringValue: String
  package let intValue: Int?
  package init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
  package init(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
}

extension Decoder {
  /// Refuses a document with a key that a type does not have; `Codable` alone ignores it.
  package func rejectUnknownKeys<Key: CodingKey & CaseIterable>(_ type: Key.Type) throws {
    let valid = Key.allCases.map(\.stringValue)
    let container = try container(keyedBy: AnyKey.self)
    let other = container.allKeys.map(\.stringValue).sorted().first { !valid.contains($0) }
    guard let other else { return }
    throw DecodingError.dataCorruptedError(
      forKey: AnyKey(stringValue: other), in: container,
      debugDescription:
        "there is no such field; there are \(valid.sorted().joined(separator: ", "))")
  }

  /// A complaint of a type about its own content.
  package func complaint(_ problem: some CustomStringConvertible) -> DecodingError {
    .dataCorrupted(.init(codingPath: codingPath, debugDescription: problem.description))
  }
}
