import Foundation

/// The one way in which the service writes JSON: keys in order, so that equal values are equal bytes.
enum ServiceJSON {
  static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }
}
