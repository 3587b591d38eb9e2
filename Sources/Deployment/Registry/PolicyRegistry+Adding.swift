public import Foundation
import Learning

extension PolicyRegistry {
  /// A version that is in the registry.
  public struct Version: Sendable, Hashable, Codable {
    public var name: String
    public var version: String
    /// Whether this call has brought it; false where the same bytes were there before.
    public var isNew: Bool
    enum CodingKeys: String, CodingKey {
      case name, version
      case isNew = "is_new"
    }
  }

  /// Adds a bundle under the name and version of its manifest, with read-only files.
  ///
  /// - Throws: where the bundle does not pass its checks, holds files that it does not vouch for, or
  ///   where the version exists with other bytes; versions never change.
  @discardableResult
  public func add(_ bundle: URL) throws(RegistryError) -> Version {
    let manifest = try verified(bundle).manifest
    try check(manifest.name)
    guard SemanticVersion(manifest.version) != nil else {
      throw RegistryError(
        .invalid, "\(bundle.path): “\(manifest.version)” is no version; valid is 1.0.0 and the like"
      )
    }
    let files = try files(of: bundle, manifest)
    do { try createFolder(folder(of: manifest.name)) } catch {
      throw RegistryError(.storage, "\(error)")
    }
    let isNew = try locked(manifest.name) { () throws(RegistryError) in
      try add(files, as: manifest)
    }
    return Version(name: manifest.name, version: manifest.version, isNew: isNew)
  }

  /// Adds files, under the lock; false where they are there already.
  private func add(
    _ files: [String: Data], as manifest: PolicyBundle.Manifest
  ) throws(RegistryError) -> Bool {
    let place = folder(of: manifest.name).appending(path: manifest.version)
    if FileManager.default.fileExists(atPath: place.path) {
      guard try self.files(of: place, manifest) == files else {
        throw RegistryError(
          .refused,
          "\(place.path): this version exists with other bytes, and versions never change; "
            + "give the new one a higher version")
      }
      return false
    }
    let draft = folder(of: manifest.name).appending(path: ".adding.tmp")
    try? FileManager.default.removeItem(at: draft)
    do { try createFolder(draft) } catch { throw RegistryError(.storage, "\(error)") }
    for (name, data) in files.sorted(by: { $0.key < $1.key }) {
      try RegistryFiles.write(data, to: draft.appending(path: name))
    }
    // What is kept is what was checked: the source may have changed since.
    _ = try verified(draft)
    try RegistryFiles.seal(draft, as: place)
    return true
  }

  /// The bytes of a bundle's files.
  private func files(
    of bundle: URL, _ manifest: PolicyBundle.Manifest
  ) throws(RegistryError) -> [String: Data] {
    let known = Set(manifest.files.keys).union(["manifest.json", "manifest.sig"])
    var files: [String: Data] = [:]
    do {
      for name in try FileManager.default.contentsOfDirectory(atPath: bundle.path).sorted() {
        guard known.contains(name) else {
          throw RegistryError(
            .refused, "\(bundle.path): it holds “\(name)”, which its manifest does not vouch for")
        }
        files[name] = try Data(contentsOf: bundle.appending(path: name))
      }
    } catch let error as RegistryError {
      throw error
    } catch {
      throw RegistryError(.storage, "\(bundle.path): cannot be read: \(error)")
    }
    return files
  }
}

extension RegistryFiles {
  /// Makes a folder and its files read-only and gives it its name, which is free.
  static func seal(_ draft: URL, as place: URL) throws(RegistryError) {
    do {
      let manager = FileManager.default
      for name in try manager.contentsOfDirectory(atPath: draft.path) {
        try manager.setAttributes(
          [.posixPermissions: 0o444], ofItemAtPath: draft.appending(path: name).path)
      }
      try manager.moveItem(at: draft, to: place)
      try manager.setAttributes([.posixPermissions: 0o555], ofItemAtPath: place.path)
    } catch {
      throw RegistryError(.storage, "\(place.path): cannot be written: \(error)")
    }
    try synchronize(place.deletingLastPathComponent())
  }
}
