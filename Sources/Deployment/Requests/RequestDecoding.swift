package import Foundation
package import Rebalancing

extension PortfolioSnapshot {
  /// The snapshot in a request, valid, finite and of the policy's own assets.
  ///
  /// - Parameter assets: of the policy, in order.
  /// - Throws: where the text is too large, no JSON, or not a snapshot; the error names the field.
  package init(request: Data, for assets: [String]) throws(RequestError) {
    if let defect = JSONCheck.defect([UInt8](request)) {
      throw RequestError(defect.description, defect.isNotFinite ? .notFinite : .schema)
    }
    do { self = try JSONDecoder().decode(PortfolioSnapshot.self, from: request) } catch {
      switch error {
      case let error as DecodingError: throw RequestError(error.sentence)
      default: throw RequestError("not a request: \(error)")
      }
    }
    if let defect = defect ?? refusal(for: assets) { throw RequestError(defect) }
  }
}
