package import Foundation

/// What the service adds to a request before it is decided: the controls in force now. How old a snapshot
/// may be is for the caller's `requested_on` to say.
///
/// What is logged with a decision; with the request it gives what was decided on again.
package enum RequestAdditions {
  /// The request with what is added: of two controls the service's, which only forbids.
  ///
  /// - Parameters:
  ///   - request: a valid request.
  ///   - additions: an object of fields; empty: the request stays byte by byte.
  package static func merged(_ request: Data, _ additions: Data) -> Data {
    guard !additions.isEmpty,
      var fields = object(request), let added = object(additions)
    else { return request }
    for (name, value) in added {
      let controls = fields[name] as? [String: Any]
      if let controls, let ours = value as? [String: Any] {
        fields[name] = controls.merging(ours) { $1 }
      } else {
        fields[name] = value
      }
    }
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    return (try? JSONSerialization.data(withJSONObject: fields, options: options)) ?? request
  }

  private static func object(_ data: Data) -> [String: Any]? {
    try? JSONSerialization.jsonObject(with: data) as? [String: Any]
  }
}
