public import Foundation
import Learning

extension PolicyRegistry {
  /// An alias that has moved.
  public struct Promotion: Sendable, Hashable, Codable {
    public var name: String
    public var version: String
    /// What the alias meant before; the same version where nothing had to move.
    public var previous: String?
    public var checks: [PromotionCheck]
  }

  /// Everything that a champion must meet, found for a version.
  ///
  /// - Parameter shadow: a shadow report; the one by which the version was promoted last if absent.
  public func checks(
    _ name: String, version: String, shadow: Data? = nil
  ) throws(RegistryError) -> [PromotionCheck] {
    try examine(name, version, shadow: shadow).checks
  }

  /// Makes a version the champion, if it meets every condition; keeps the shadow report as evidence,
  /// beside those of earlier promotions.
  ///
  /// - Parameter shadow: a shadow report; the one by which the version was promoted last if absent.
  /// - Throws: `refused` naming every condition that is not met; the champion is unchanged then.
  @discardableResult
  public func promote(
    _ name: String, version: String, shadow: Data? = nil
  ) throws(RegistryError) -> Promotion {
    _ = try self.version(of: name, .version(version))
    return try locked(name) { () throws(RegistryError) in
      let found = try examine(name, version, shadow: shadow)
      let missed = found.checks.filter { !$0.isMet }
      guard let bundle = found.bundle, missed.isEmpty else {
        throw RegistryError(
          .refused,
          "\(name) \(version) is not promoted, the champion is unchanged: "
            + missed.map { "\($0.condition.rawValue): \($0.finding)" }.joined(separator: "; "))
      }
      if let shadow { try keep(shadow, name, version) }
      let previous = try move(
        name, .champion, to: bundle, .promote, shadow: found.shadow.map { sha256($0) })
      // What acts is not watched beside itself.
      if RegistryFiles.target(of: link(name, .challenger)) == version {
        try RegistryFiles.remove(link(name, .challenger))
      }
      return Promotion(name: name, version: version, previous: previous, checks: found.checks)
    }
  }

  /// Makes a version the challenger, which is watched and never acts: it only has to pass its checks.
  @discardableResult
  public func challenge(_ name: String, version: String) throws(RegistryError) -> Promotion {
    let bundle = try load(name, .version(version))
    return try locked(name) { () throws(RegistryError) in
      let previous = try move(name, .challenger, to: bundle, .promote, shadow: nil)
      return Promotion(name: name, version: version, previous: previous, checks: [])
    }
  }

  /// Makes the champion before the present one champion again.
  ///
  /// - Throws: where there was none, or where it does not pass its checks any more; the champion is
  ///   unchanged then.
  @discardableResult
  public func rollback(_ name: String) throws(RegistryError) -> Promotion {
    _ = try versions(of: name)
    return try locked(name) { () throws(RegistryError) in
      guard let current = RegistryFiles.target(of: link(name, .champion)) else {
        throw RegistryError(.unknown, "\(name) has no champion to roll back from")
      }
      let entries = RegistryEntry.read(history(name), alias: .champion)
      guard let before = RegistryEntry.championBefore(current, in: entries) else {
        throw RegistryError(
          .refused,
          "\(name): the history knows of no champion before \(current), which is unchanged")
      }
      let bundle = try load(name, .version(before))
      let previous = try move(name, .champion, to: bundle, .rollback, shadow: nil)
      return Promotion(name: name, version: before, previous: previous, checks: [])
    }
  }

  /// Lets an alias mean a bundle, under the lock; returns what it meant before.
  private func move(
    _ name: String, _ alias: Alias, to bundle: PolicyBundle, _ action: RegistryEntry.Action,
    shadow: String?
  ) throws(RegistryError) -> String? {
    let version = bundle.manifest.version
    let previous = RegistryFiles.target(of: link(name, alias))
    guard previous != version else { return previous }
    let entry = RegistryEntry(
      action: action, alias: alias.description, version: version, previous: previous,
      sha256: bundle.manifest.sha256, shadow: shadow, time: Date().ISO8601Format())
    try RegistryFiles.append(entry.encoded(), to: history(name))
    try RegistryFiles.point(link(name, alias), to: version)
    return previous
  }
}

// MARK: - Evidence

extension PolicyRegistry {
  private func examine(
    _ name: String, _ version: String, shadow: Data?
  ) throws(RegistryError) -> (checks: [PromotionCheck], bundle: PolicyBundle?, shadow: Data?) {
    _ = try self.version(of: name, .version(version))
    let place = folder(of: name).appending(path: version)
    let (conformance, bundle) = PromotionCheck.conformance(place, trusting: keys)
    let report = if let shadow { Optional(shadow) } else { try kept(name, version) }
    let checks = [
      conformance, .evaluation(place, of: bundle), .shadow(report, of: bundle),
    ]
    return (checks, bundle, report)
  }

  /// Keeps a shadow report under its digest; nothing is ever written over.
  private func keep(
    _ shadow: Data, _ name: String, _ version: String
  ) throws(RegistryError) {
    let digest = sha256(shadow)
    let file = evidence(name, version, digest)
    if FileManager.default.fileExists(atPath: file.path) {
      _ = try read(file, digest)
      return
    }
    do {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch {
      throw RegistryError(.storage, "\(file.path): cannot be written: \(systemReason(error))")
    }
    try RegistryFiles.write(shadow, to: file)
  }

  /// The shadow report by which a version was promoted last; `nil` where it never was.
  private func kept(_ name: String, _ version: String) throws(RegistryError) -> Data? {
    let entries = RegistryEntry.read(history(name), alias: .champion)
    guard let digest = entries.last(where: { $0.version == version && $0.shadow != nil })?.shadow
    else { return nil }
    return try read(evidence(name, version, digest), digest)
  }

  private func read(_ file: URL, _ digest: String) throws(RegistryError) -> Data {
    let data = FileManager.default.contents(atPath: file.path)
    guard let data, sha256(data) == digest else {
      throw RegistryError(
        .damaged,
        "\(file.path): \(data == nil ? "missing" : "changed"), and the history names it as evidence"
      )
    }
    return data
  }

  private func evidence(_ name: String, _ version: String, _ digest: String) -> URL {
    folder(of: name).appending(path: "evidence/\(version)/\(digest).json")
  }

  private func history(_ name: String) -> URL { folder(of: name).appending(path: "history.jsonl") }
}
