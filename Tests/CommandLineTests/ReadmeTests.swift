import Foundation
import Testing

/// The commands in the README's `sh` blocks; those in `sh long` blocks take too long to run here.
private func commands(_ fence: String) -> [String] {
  guard let text = try? Workplace.text("README.md") else { return [] }
  let blocks = text.components(separatedBy: "```\(fence)\n").dropFirst()
  return blocks.flatMap { block in
    (block.components(separatedBy: "```").first ?? "").split(separator: "\n").map(String.init)
  }
}

/// The arguments of a command line, single quotes removed.
private func arguments(_ line: String) -> [String] {
  line.components(separatedBy: " < ")[0].split(separator: " ").dropFirst()
    .map { $0.replacingOccurrences(of: "'", with: "") }
}

@Suite(.serialized) struct ReadmeTests {
  @Test func `runs every command of the README`() throws {
    let lines = commands("sh")
    #expect(lines.count > 10)
    let folder = Workplace.top.appending(path: "checkpoints/readme")
    try? FileManager.default.removeItem(at: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    for line in lines {
      #expect(line.hasPrefix("rebalance "), "\(line)")
      let parts = line.components(separatedBy: " < ")
      let input = parts.count == 2 ? try Workplace.text(parts[1]) : ""
      let run = try rebalance(arguments(line), input: input)
      #expect(run.status == 0, "\(line): \(run.errors)")
      #expect(!run.output.isEmpty)
    }
  }

  @Test func `knows every long command of the README`() throws {
    let lines = commands("sh long")
    #expect(lines.count >= 4)
    for line in lines where line.hasPrefix("rebalance ") {
      // An option that does not exist is refused before help is given for a command.
      let options = line.split(separator: " ").filter { $0.hasPrefix("--") }
      let help = try rebalance([arguments(line)[0], "--help"]).output
      for option in options { #expect(help.contains(option), "\(line)") }
    }
    for line in lines where line.hasPrefix("scripts/") {
      let script = line.split(separator: " ")[0]
      #expect(FileManager.default.isExecutableFile(atPath: Workplace.top.path + "/" + script))
    }
  }
}
