public import Deployment
import Foundation

/// The policies of a registry's folder: each name's champion serves.
extension PolicyRegistry: PolicySource {
  public func champion(of name: String) throws -> String? { try version(of: name, .champion) }

  public func challenger(of name: String) throws -> String? { try version(of: name, .challenger) }

  public func load(_ name: String, version: String) throws -> ServedPolicy {
    ServedPolicy(try load(name, .version(version)))
  }

  /// With the shadow report that is kept for the version as its evidence.
  public func promote(_ name: String, version: String) throws {
    let missed = try checks(name, version: version).filter { !$0.isMet }
    guard missed.isEmpty else {
      let findings = missed.map { check in
        // Over HTTP no report can be given.
        let finding =
          check.finding == PromotionCheck.noShadowReport
          ? "the registry keeps no shadow report of it; rebalance registry promote takes one"
          : check.finding
        return "\(check.condition.rawValue): \(finding)"
      }
      throw PromotionRefused(
        "\(name) \(version) is not promoted, the champion is unchanged: "
          + findings.joined(separator: "; "))
    }
    let _: Promotion = try promote(name, version: version, shadow: nil)
  }
  /// Paths begin at the registry.
  public func words(for error: any Error) -> String {
    "\(error)".replacing(folder.path + "/", with: "").replacing(folder.path, with: "the registry")
  }
}
