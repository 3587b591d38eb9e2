package import Foundation

/// The description of the interface, `openapi.json` beside this file: what is served to readers, and the
/// table of what each path takes.
package struct OpenAPIDocument: Sendable {
  package let json: Data
  /// Methods by path; a part of a path in braces stands for any one part.
  package let paths: [String: [String]]

  package static let shared = OpenAPIDocument(Data(PackageResources.openapi_json))

  package init(_ json: Data) {
    self.json = json
    let document = try? JSONSerialization.jsonObject(with: json) as? [String: Any]
    let paths = document?["paths"] as? [String: [String: Any]] ?? [:]
    self.paths = paths.mapValues { item in
      item.keys.filter { Self.methods.contains($0) }.map { $0.uppercased() }.sorted()
    }
  }

  private static let methods: Set = ["get", "post", "put", "delete", "patch"]

  /// The methods that a path of a request takes; empty for a path that is not there.
  package func methods(of path: String) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    let match = paths.first { template, _ in
      let wanted = template.split(separator: "/")
      return wanted.count == parts.count
        && zip(wanted, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
    }
    return (match?.value ?? []).flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] }
  }
}
