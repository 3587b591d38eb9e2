public import Foundation
import Learning

/// Policies by name and version in a folder, and which of them serves.
///
/// ```
/// policies/NAME/VERSION/              a bundle; never changed once it is there
/// policies/NAME/champion              symbolic link to the version that acts
/// policies/NAME/challenger            symbolic link to the version that is watched beside it
/// policies/NAME/history.jsonl         one line per promotion and rollback, only ever appended to
/// policies/NAME/evidence/VERSION/     the shadow reports by which a version was promoted, each under
///                                     its SHA-256, which the history names
/// ```
/// A change is made under a lock file: first its line of history, then the link, in one step. A crash in
/// between leaves the old link, and the line is known to be without effect.
public struct PolicyRegistry: Sendable {
  public let folder: URL
  let keys: [VerifyingKey]

  /// A registry in a folder, which need not exist yet.
  ///
  /// - Parameter keys: where there are any, every bundle needs a signature by one of them.
  public init(_ folder: URL, trusting keys: [VerifyingKey] = []) {
    (self.folder, self.keys) = (folder, keys)
  }

  /// One of a policy's versions.
  public enum Alias: Sendable, Hashable, CustomStringConvertible {
    /// The version that acts.
    case champion
    /// The version that is watched beside it.
    case challenger
    case version(String)

    /// `champion`, `challenger` or a version.
    public init(_ text: String) {
      switch text {
      case "champion": self = .champion
      case "challenger": self = .challenger
      default: self = .version(text)
      }
    }

    public var description: String {
      switch self {
      case .champion: "champion"
      case .challenger: "challenger"
      case .version(let version): version
      }
    }
  }

  /// The policies' names in order; none where there is no folder yet.
  public func names() throws(RegistryError) -> [String] {
    try entries(folder).filter { Self.isName($0) && !versions(in: folder(of: $0)).isEmpty }
  }

  /// A policy's versions, the lowest first.
  public func versions(of name: String) throws(RegistryError) -> [String] {
    try check(name)
    let versions = versions(in: folder(of: name))
    guard versions.isEmpty else { return versions }
    let names = try names()
    throw RegistryError(
      .unknown,
      "\(folder.path): there is no policy “\(name)”; "
        + (names.isEmpty ? "none is there" : "there are \(names.joined(separator: ", "))"))
  }

  /// The version that an alias means; `nil` for a champion or challenger that is not set.
  public func version(of name: String, _ alias: Alias) throws(RegistryError) -> String? {
    let versions = try versions(of: name)
    let version: String
    switch alias {
    case .version(let given): version = given
    case .champion, .challenger:
      guard let target = RegistryFiles.target(of: link(name, alias)) else { return nil }
      version = target
    }
    guard versions.contains(version) else {
      throw RegistryError(
        .unknown,
        "\(folder(of: name).path): there is no version “\(version)”; "
          + "there are \(versions.joined(separator: ", "))")
    }
    return version
  }

  /// Loads a version with all the checks of a bundle.
  ///
  /// - Throws: `damaged` with the file at fault, where a check fails; what was loaded before is not
  ///   touched and may go on serving.
  public func load(_ name: String, _ alias: Alias) throws(RegistryError) -> PolicyBundle {
    guard let version = try version(of: name, alias) else {
      let versions = try versions(of: name).joined(separator: ", ")
      throw RegistryError(
        .unknown, "\(name) has no \(alias) yet; promote one of its versions: \(versions)")
    }
    // The version's own folder: a link may move while its files are read.
    let bundle = try verified(folder(of: name).appending(path: version))
    guard bundle.manifest.name == name, bundle.manifest.version == version else {
      throw RegistryError(
        .damaged,
        "\(folder(of: name).appending(path: version).path): manifest.json: it is of "
          + "\(bundle.manifest.name) \(bundle.manifest.version); the bundle is refused")
    }
    return bundle
  }
}

// MARK: - Places

extension PolicyRegistry {
  func folder(of name: String) -> URL { folder.appending(path: name) }

  func link(_ name: String, _ alias: Alias) -> URL {
    folder(of: name).appending(path: alias.description)
  }

  /// A bundle that has passed its checks.
  func verified(_ bundle: URL) throws(RegistryError) -> PolicyBundle {
    do { return try PolicyBundle.load(bundle, trusting: keys).bundle } catch {
      throw RegistryError(.damaged, "\(bundle.path): \(error)")
    }
  }

  /// Runs a body while nobody else changes a policy of this name.
  func locked<Result>(
    _ name: String, _ body: () throws(RegistryError) -> Result
  ) throws(RegistryError) -> Result {
    try RegistryFiles.locked(folder(of: name).appending(path: ".lock"), body)
  }

  func check(_ name: String) throws(RegistryError) { try Self.check(name) }

  /// Refuses what can be no policy's name or version in a registry.
  package static func check(_ name: String, version: String) throws(RegistryError) {
    try check(name)
    guard SemanticVersion(version) != nil else {
      throw RegistryError(
        .invalid, "“\(version)” is no version of a policy; valid is 1.0.0 and the like")
    }
  }

  private static func check(_ name: String) throws(RegistryError) {
    guard isName(name) else {
      throw RegistryError(
        .invalid,
        "“\(name)” is no name of a policy: valid are 1 to 100 letters, digits, “.”, “_” and “-”, "
          + "a letter or digit first")
    }
  }

  /// Whether a name can be a folder's: it never leads elsewhere.
  static func isName(_ name: String) -> Bool {
    func isPlain(_ byte: UInt8) -> Bool {
      let character = Character(UnicodeScalar(byte))
      return character.isASCII && (character.isLetter || character.isNumber)
    }
    guard (1...100).contains(name.utf8.count), name.utf8.first.map(isPlain) == true else {
      return false
    }
    return name.utf8.allSatisfy { isPlain($0) || "._-".utf8.contains($0) }
  }

  /// What is in a folder; nothing where there is none.
  private func entries(_ folder: URL) throws(RegistryError) -> [String] {
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    do { return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } catch {
      throw RegistryError(.storage, "\(folder.path): cannot be read: \(systemReason(error))")
    }
  }

  private func versions(in folder: URL) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap(SemanticVersion.init).sorted().map(\.description)
  }
}
