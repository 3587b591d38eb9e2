import Foundation

/// Whether a logged decision comes out the same today.
struct Replay: Encodable, Sendable {
  var id: String
  /// Byte by byte.
  var same: Bool
  var differences: [Difference]

  struct Difference: Encodable, Sendable {
    /// Of the answer; empty where there is none any more.
    var field: String
    /// As JSON.
    var logged: String?
    var replayed: String?
  }

  /// The fields in which two answers differ.
  static func differences(_ logged: Data, _ replayed: Data) -> [Difference] {
    guard logged != replayed else { return [] }
    let (before, after) = (fields(logged), fields(replayed))
    return Set(before.keys).union(after.keys).sorted().compactMap { name in
      before[name] == after[name]
        ? nil : Difference(field: name, logged: before[name], replayed: after[name])
    }
  }

  /// Each field's JSON text.
  private static func fields(_ response: Data) -> [String: String] {
    let object = try? JSONSerialization.jsonObject(with: response) as? [String: Any]
    return (object ?? [:]).mapValues { value in
      let data = try? JSONSerialization.data(
        withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
      return String(decoding: data ?? Data(), as: UTF8.self)
    }
  }
}
