import Foundation
import Testing

@Suite struct StreamTests {
  @Test func `answers a line before the next one is written`() throws {
    let bundle = try Trained.shared.get().bundle
    let line = try Workplace.text("Tests/CommandLineTests/request.json")
      .replacingOccurrences(of: "\n", with: " ")
    let session = try Session("decide", "--policy", bundle, "--stream")
    for _ in 0..<3 {
      try session.write(line + "\n")
      let answer = session.readLine()
      #expect(answer.contains("\"action\""), "\(answer)")
    }
    #expect(try session.end() == 0)
  }

  @Test func `goes on after a request that it refuses`() throws {
    let bundle = try Trained.shared.get().bundle
    let good = try Workplace.text("Tests/CommandLineTests/request.json")
      .replacingOccurrences(of: "\n", with: " ")
    let bad = ["{", "[]", "", "{\"date\":\"2017-03-29\"}", good + "}", "\u{7F}"]
    let run = try rebalance(
      "decide", "--policy", bundle, "--stream",
      input: bad.flatMap { [$0, good] }.joined(separator: "\n") + "\n")
    #expect(run.status == 65)
    let answers = try run.output.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any])
    }
    #expect(answers.count == 2 * bad.count)
    for (number, answer) in answers.enumerated() {
      #expect((answer["error"] is String) == number.isMultiple(of: 2))
      #expect((answer["action"] is String) == !number.isMultiple(of: 2))
    }
  }

  @Test func `answers nothing to an empty stream`() throws {
    let run = try rebalance("decide", "--policy", Trained.shared.get().bundle, "--stream")
    #expect(run.status == 0)
    #expect(run.output.isEmpty)
  }
}

/// The program as one talks with it.
private final class Session {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(_ arguments: String...) throws {
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = Workplace.top
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // A program that keeps its answers to itself is ended, which ends the reading.
    let id = process.processIdentifier
    DispatchQueue.global().asyncAfter(deadline: .now() + 20) { [weak process] in
      if process?.isRunning == true { kill(id, SIGTERM) }
    }
  }

  func write(_ text: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
  }

  /// The next line; what there is of it where the program has ended.
  func readLine() -> String {
    var line = Data()
    while true {
      guard let byte = try? output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
        byte != Data("\n".utf8)
      else { return String(decoding: line, as: UTF8.self) }
      line += byte
    }
  }

  /// Closes the input.
  func end() throws -> Int32 {
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
