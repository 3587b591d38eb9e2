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
  /// Only the files that the bundle vouches for are kept.
  /// - Throws: where the bundle does not pass its checks, or where the version exists with other bytes;
  ///   versions never change.
  @discardableResult
  public func add(_ bundle: URL) throws(RegistryError) -> Version {
    let (files, manifest) = try read(bundle)
    try Self.check(manifest.name, version: manifest.version)
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
    _ files: BundleFiles, as manifest: PolicyBundle.Manifest
  ) throws(RegistryError) -> Bool {
    let place = folder(of: manifest.name).appending(path: manifest.version)
    if FileManager.default.fileExists(atPath: place.path) {
      guard (try? BundleFiles(folder: place).contents) == files.contents else {
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
    for (name, data) in files.contents.sorted(by: { $0.key < $1.key }) {
      try RegistryFiles.write(data, to: draft.appending(path: name))
    }
    try RegistryFiles.seal(draft, as: place)
    return true
  }

  /// The files of a bundle as they were checked, so that what is kept is what was checked.
  private func read(
    _ bundle: URL
  ) throws(RegistryError) -> (files: BundleFiles, manifest: PolicyBundle.Manifest) {
    do {
      let files = try BundleFiles(folder: bundle)
      return (files, try PolicyBundle.load(files, trusting: keys).bundle.manifest)
    } catch {
      throw RegistryError(.damaged, "\(bundle.path): \(error)")
    }
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
      throw RegistryError(.storage, "\(place.path): cannot be written: \(systemReason(error))")
    }
    try synchronize(place.deletingLastPathComponent())
  }
}
