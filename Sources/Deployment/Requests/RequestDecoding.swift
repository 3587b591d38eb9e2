package import Foundation
package import Rebalancing

extension PortfolioSnapshot {
  /// The snapshot in a request, valid and finite.
  ///
  /// - Throws: where the text is too large, no JSON, or not a snapshot; the error names the field.
  package init(request: Data) throws(RequestError) {
    if let defect = JSONCheck.defect([UInt8](request)) {
      throw RequestError(defect.description, defect.isNotFinite ? .notFinite : .schema)
    }
    do { self = try JSONDecoder().decode(PortfolioSnapshot.self, from: request) } catch {
      switch error {
      case let error as DecodingError: throw RequestError(error.sentence)
      default: throw RequestError("not a request: \(error)")
      }
    }
    if let defect { throw RequestError(defect) }
  }
}

extension DecodingError {
  /// The field and what is wrong with it.
  fileprivate var sentence: String {
    switch self {
    case .keyNotFound(let key, let context):
      "\((context.codingPath + [key]).dotted): missing"
    case .typeMismatch(let type, let context):
      context.codingPath.isEmpty
        ? "a JSON object is expected" : "\(context.codingPath.dotted): \(type) is expected"
    case .valueNotFound(let type, let context):
      "\(context.codingPath.dotted): null, \(type) is expected"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "not JSON: \(context.underlyingError.map { "\($0)" } ?? context.debugDescription)"
        : "\(context.codingPath.dotted): \(context.debugDescription)"
    @unknown default: "\(self)"
    }
  }
}

extension [any CodingKey] {
  fileprivate var dotted: String {
    reduce("") { path, key in
      key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? "" : path + ".") + key.stringValue
    }
  }
}
