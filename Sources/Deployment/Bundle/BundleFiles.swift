package import Foundation

/// The files of a bundle as bytes, by name.
package struct BundleFiles: Sendable {
  package var contents: [String: Data]

  package init(_ contents: [String: Data]) { self.contents = contents }

  static let manifestName = "manifest.json"
  static let signatureName = "manifest.sig"
  /// What every bundle has.
  static let required = ["feature_schema.json", "policy.safetensors", "conformance.jsonl"]
  /// What a bundle may have besides.
  static let optional = [
    "policy.onnx", "evaluation.json", "MODEL_CARD.md", "guards.json", "environment.json",
  ]
  static let all = [manifestName, signatureName] + required + optional

  /// The most bytes of a file.
  static func sizeLimit(_ name: String) -> Int {
    switch name {
    case signatureName: 4 << 10
    case manifestName: 1 << 20
    default: 64 << 20
    }
  }

  /// Reads a folder; sizes are looked at before anything is read.
  package init(folder: URL) throws(BundleError) {
    contents = [:]
    // An alias of a folder is a folder; the files in it must be files.
    let whole = folder.resolvingSymlinksInPath().path
    let attributes = try? FileManager.default.attributesOfItem(atPath: whole)
    guard attributes?[.type] as? FileAttributeType == .typeDirectory else {
      throw BundleError(
        file: Self.manifestName, problem: "missing in \(folder.path), which is no folder")
    }
    for name in Self.all { try Self.checkKind(folder, name) }
    for name in Self.all { contents[name] = try Self.read(folder, name) }
  }

  /// Refuses what is no file, such as a symbolic link, or too large; what is missing is seen later.
  private static func checkKind(_ folder: URL, _ name: String) throws(BundleError) {
    // The attributes of a symbolic link are its own.
    let path = folder.appending(path: name).path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw BundleError(file: name, problem: "no regular file")
    }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? .max
    guard size <= sizeLimit(name) else {
      throw BundleError(
        file: name, problem: "\(size) bytes, at most \(sizeLimit(name)) are allowed")
    }
  }

  /// The bytes of a file, never more than are allowed; `nil` where there is none.
  private static func read(_ folder: URL, _ name: String) throws(BundleError) -> Data? {
    let path = folder.appending(path: name).path
    let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw BundleError(file: name, problem: "cannot be read")
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard let data = try? handle.read(upToCount: sizeLimit(name) + 1) ?? Data() else {
      throw BundleError(file: name, problem: "cannot be read")
    }
    guard data.count <= sizeLimit(name) else {
      throw BundleError(file: name, problem: "more than \(sizeLimit(name)) bytes")
    }
    return data
  }

  /// A file that must be there.
  func data(_ name: String) throws(BundleError) -> Data {
    guard let data = contents[name] else { throw BundleError(file: name, problem: "missing") }
    return data
  }

  /// A file of JSON that must be there.
  func decoded<T: Decodable>(_ name: String) throws(BundleError) -> T {
    let data = try data(name)
    do { return try JSONDecoder().decode(T.self, from: data) } catch {
      throw BundleError(file: name, problem: problem(in: data, error))
    }
  }
}

extension BundleFiles {
  /// Makes the manifest vouch for the files as they are, as one does who changes them on purpose; what
  /// has no manifest stays as it is.
  package mutating func renewDigests() {
    let name = Self.manifestName
    guard var manifest: PolicyBundle.Manifest = try? decoded(name) else { return }
    for file in manifest.files.keys { manifest.files[file] = contents[file].map { sha256($0) } }
    manifest.sha256 = PolicyBundle.blankDigest
    guard let data = try? JSONEncoder().encode(manifest) else { return }
    contents[name] = PolicyBundle.sealed(data)
    contents[Self.signatureName] = nil
  }
}
