import Foundation
import Testing

/// What cannot be written is not taken for written.
@Suite struct LostOutputTests {
  /// Runs the program with a full device for standard output.
  private func full(_ arguments: [String], input: String = "") throws -> (Int32, String) {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = Workplace.top
    let (errors, standardInput) = (Pipe(), Pipe())
    process.standardOutput = try FileHandle(
      forWritingTo: URL(fileURLWithPath: "/dev/full"))
    process.standardError = errors
    process.standardInput = standardInput
    try process.run()
    _ = signal(SIGPIPE, SIG_IGN)
    try? standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    let text = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self))
  }

  @Test(arguments: [
    ["list", "policies"], ["list", "envs", "--json"], ["--help"], ["--version"],
    ["oracle", "rb-1", "--help"], ["registry", "list", "--registry", "none"],
  ])
  func `ends with 74 where its output is lost`(arguments: [String]) throws {
    let (status, errors) = try full(arguments)
    #expect(status == 74)
    #expect(
      errors
        == "error: standard output: No space left on device; the output is not complete\n")
  }

  @Test(arguments: [true, false])
  func `decides nothing more once an answer is lost`(isGood: Bool) throws {
    let line =
      isGood
      ? try Workplace.text("Tests/CommandLineTests/request.json")
        .replacingOccurrences(of: "\n", with: " ") : "{}"
    let (status, errors) = try full(
      ["decide", "--policy", Trained.shared.get().bundle, "--stream"], input: line + "\n")
    #expect(status == 74)
    #expect(errors.contains("standard output: No space left on device"), "\(errors)")
  }

  @Test func `keeps the code of an error where the output is lost too`() throws {
    #expect(try full(["registry", "show", "none", "--registry", "none"]).0 == 65)
  }
}
