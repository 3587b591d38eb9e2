import Deployment
import Foundation

extension DecisionResponse {
  /// The answer's bytes: keys in order, so that equal answers are equal bytes.
  func encoded() throws -> Data { try ServiceJSON.encode(self) }
}
