import Foundation
import Testing

/// A fenced block of the README.
private struct Block {
  /// What stands after the fence: `sh`, `sh long`, `yaml`, or nothing.
  var info: String
  /// The lines with their numbers in the file, counted from 1.
  var lines: [(number: Int, text: String)] = []

  static func all() throws -> [Block] {
    var blocks: [Block] = []
    var isInside = false
    let text = try Workplace.text("README.md")
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let trimmed = line.drop { $0 == " " }
      if trimmed.hasPrefix("```") {
        if !isInside { blocks.append(Block(info: String(trimmed.dropFirst(3)))) }
        isInside.toggle()
      } else if isInside {
        blocks[blocks.count - 1].lines.append((index + 1, String(line)))
      }
    }
    #expect(!isInside, "a block of the README is not closed")
    return blocks
  }

  /// The command lines: comments and empty lines left out, continued lines joined.
  var commands: [Command] {
    get throws {
      var commands: [Command] = []
      var begun = ""
      for (number, text) in lines {
        let line = begun + text.trimmingCharacters(in: .whitespaces)
        begun = line.hasSuffix("\\") ? line.dropLast() + " " : ""
        if begun.isEmpty, !line.isEmpty, !line.hasPrefix("#") {
          commands.append(try Command(line, number: number))
        }
      }
      #expect(begun.isEmpty, "a command of the README goes on after its block")
      return commands
    }
  }
}

/// A command line of the README.
private struct Command: CustomStringConvertible {
  var description: String
  /// The words before a redirection, without quotes.
  var words: [String] = []
  /// The file that standard input is read from.
  var input: String?

  /// Reads words, quotes, comments and `< FILE`; all else that a shell knows is refused.
  init(_ line: String, number: Int) throws {
    description = "README.md:\(number): \(line)"
    var word: String?
    var quote: Character?
    var all: [String] = []
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + [character] }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character == " " {
        if let word { all.append(word) }
        word = nil
      } else if character == "#", word == nil {
        break
      } else {
        try #require(!"|>&;$`\\*?(){}".contains(character), "\(description): not understood")
        word = (word ?? "") + [character]
      }
    }
    try #require(quote == nil, "\(description): a quote is not closed")
    if let word { all.append(word) }
    if let place = all.firstIndex(of: "<") {
      try #require(place == all.count - 2, "\(description): not understood")
      input = all[place + 1]
      all.removeLast(2)
    }
    words = all
  }
}

@Suite(.serialized) struct ReadmeTests {
  /// Where the README's commands write.
  private static let folder = Workplace.top.appending(path: "checkpoints/readme")

  @Test func `knows what every block of the README is`() throws {
    for block in try Block.all() {
      if ["sh", "sh long"].contains(block.info) {
        for command in try block.commands {
          #expect(["rebalance", "scripts"].contains(command.program), "\(command)")
        }
      } else {
        #expect(
          ["", "swift", "yaml", "json", "text", "python"].contains(block.info), "\(block.info)")
        for (number, text) in block.lines {
          #expect(!text.hasPrefix("rebalance "), "README.md:\(number) belongs in a `sh` block")
        }
      }
    }
  }

  @Test func `runs every command of the README`() throws {
    let commands = try Block.all().filter { $0.info == "sh" }.flatMap { try $0.commands }
    #expect(commands.count > 10)
    try? FileManager.default.removeItem(at: Self.folder)
    defer { try? FileManager.default.removeItem(at: Self.folder) }
    for command in commands {
      try #require(command.program == "rebalance", "\(command): belongs in a `sh long` block")
      if let place = command.words.firstIndex(of: "--out") {
        let path = try #require(command.words.dropFirst(place + 1).first)
        #expect(path.hasPrefix("checkpoints/readme/"), "\(command): would stay behind")
      }
      let input = try command.input.map { try Workplace.text($0) } ?? ""
      let run = try rebalance(Array(command.words.dropFirst()), input: input)
      #expect(run.status == 0, "\(command): \(run.errors)")
      #expect(!run.output.isEmpty, "\(command)")
    }
  }

  @Test func `knows every long command of the README`() throws {
    let commands = try Block.all().filter { $0.info == "sh long" }.flatMap { try $0.commands }
    #expect(!commands.isEmpty)
    for command in commands {
      guard command.program == "rebalance" else {
        let script = Workplace.top.path + "/" + command.words[0]
        #expect(FileManager.default.isExecutableFile(atPath: script), "\(command)")
        continue
      }
      let words = command.words.dropFirst()
      let depth = words.first == "data" ? 2 : 1
      let help = try rebalance(Array(words.prefix(depth)) + ["--help"])
      #expect(help.status == 0, "\(command)")
      for option in words.filter({ $0.hasPrefix("--") }) {
        let isKnown = help.output.split { " \n,[]".contains($0) }.contains { $0 == option }
        #expect(isKnown, "\(command): there is no \(option)")
      }
      for path in words where ["envs/", "agents/", "experiments/"].contains(where: path.hasPrefix) {
        let place = Workplace.top.appending(path: path).path
        #expect(FileManager.default.fileExists(atPath: place), "\(command): no \(path)")
      }
    }
  }
}

extension Command {
  /// The first word; for a script, its folder.
  fileprivate var program: String {
    String(words.first?.split(separator: "/").first ?? "")
  }
}
