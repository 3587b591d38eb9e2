public import Foundation
public import Rebalancing

/// `environment.json`: the constants that facts are built from, with keys in snake case.
extension FactConstants {
  public static let fileName = "environment.json"

  public init(decoding data: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(FactConstants.self, from: data)
  }

  /// The bytes of the file.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}
