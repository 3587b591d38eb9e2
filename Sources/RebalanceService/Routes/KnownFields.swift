import Foundation

/// Fields of a body, all of which are read: a misspelt one would be taken for one that is absent.
enum KnownFields<Key: CodingKey & CaseIterable> {
  /// Refuses a body that has others.
  static func check(_ body: Data) throws(Problem) {
    let object = (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
    let known = Key.allCases.map(\.stringValue)
    if object.keys.contains(where: { !known.contains($0) }) {
      throw Problem.invalidInput("there are the fields \(known.joined(separator: ", ")), no others")
    }
  }
}
