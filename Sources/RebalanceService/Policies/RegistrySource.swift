public import Deployment

/// The policies of a registry's folder: each name's champion serves.
extension PolicyRegistry: PolicySource {
  public func champion(of name: String) throws -> String? { try version(of: name, .champion) }

  public func load(_ name: String, version: String) throws -> ServedPolicy {
    ServedPolicy(try load(name, .version(version)))
  }

  /// With the shadow report that is kept for the version as its evidence.
  public func promote(_ name: String, version: String) throws {
    let _: Promotion = try promote(name, version: version, shadow: nil)
  }
}
