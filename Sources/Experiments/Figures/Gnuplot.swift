import Foundation

/// Draws figures, where gnuplot is installed.
public enum Gnuplot {
  /// A figure that gnuplot did not draw, with its words.
  public struct Failure: Error, CustomStringConvertible, Sendable {
    public let description: String
  }

  /// Whether `gnuplot` is found along `PATH`.
  public static var isInstalled: Bool { program != nil }

  private static var program: String? {
    let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    return folders.split(separator: ":").map { "\($0)/gnuplot" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs a script in a folder of its own.
  ///
  /// - Parameter files: the names of the files that the script writes.
  /// - Returns: their contents by name, or `nil` where gnuplot is not installed.
  static func files(_ files: [String], drawnBy script: String) throws -> [String: Data]? {
    guard let program else { return nil }
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "gnuplot-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // A file, not a pipe: gnuplot reads and writes in turns, and would wait for us to do both.
    try Data(script.utf8).write(to: folder.appending(path: "script"))
    let complaints = try run(program, in: folder)
    var contents: [String: Data] = [:]
    for name in files {
      guard let data = FileManager.default.contents(atPath: folder.appending(path: name).path),
        !data.isEmpty
      else { throw Failure(description: "\(name): gnuplot did not draw it: \(complaints)") }
      contents[name] = data
    }
    return contents
  }

  /// - Returns: what gnuplot wrote on standard error.
  private static func run(_ program: String, in folder: URL) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["script"]
    process.currentDirectoryURL = folder
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let data = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let complaints = String(decoding: data, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard process.terminationStatus == 0 else {
      throw Failure(description: "gnuplot ended with \(process.terminationStatus): \(complaints)")
    }
    return complaints
  }

  /// A text between single quotes, as gnuplot reads it.
  static func quoted(_ text: String) -> String {
    let printable = text.map { $0.isNewline ? " " : $0 }
    return "'" + String(printable).replacing("'", with: "''") + "'"
  }
}
