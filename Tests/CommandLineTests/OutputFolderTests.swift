import Foundation
import Testing

@Suite struct OutputFolderTests {
  @Test(arguments: ["train", "export", "run"])
  func `says where it cannot write`(command: String) throws {
    let work = try Workplace()
    let file = try work.file("file", "mine")
    let run = try write(command, to: file + "/out")
    #expect(run.status == 65)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("error: \(file)/out: cannot be written: Not a directory"))
    #expect(work.names == ["file"])
  }

  @Test(arguments: ["train", "export"])
  func `replaces neither a file nor a folder of other files`(command: String) throws {
    let work = try Workplace()
    let file = try work.file("file", "mine")
    let folder = work.path("folder")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = try work.file("folder/notes.txt", "mine")
    for (path, says) in [(file, "Not a directory"), (folder, "it holds “notes.txt”")] {
      let run = try write(command, to: path)
      #expect(run.status == 65)
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("\(path): cannot be written: \(says)"), "\(run.errors)")
    }
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
    #expect(try contents(folder) == ["notes.txt": Data("mine".utf8)])
    #expect(work.names == ["file", "folder"])
  }

  @Test func `does not export a checkpoint into itself`() throws {
    let work = try Workplace()
    let checkpoint = try work.copyOfCheckpoint()
    let before = try contents(checkpoint)
    let run = try rebalance("export", checkpoint, "--out", checkpoint)
    #expect(run.status == 65)
    #expect(try contents(checkpoint) == before)
  }

  @Test(arguments: ["train", "export"])
  func `writes into an empty folder, and a bundle over a bundle`(command: String) throws {
    let work = try Workplace()
    let folder = work.path("out")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(try write(command, to: folder).status == 0)
    let first = try contents(folder)
    if command == "export" {
      #expect(try write(command, to: folder).status == 0)
      #expect(try contents(folder) == first)
    }
    #expect(work.names == ["out"])
  }

  @Test func `resumes a checkpoint that a crash has left between two places`() throws {
    let work = try Workplace()
    let checkpoint = try work.copyOfCheckpoint()
    let whole = try contents(checkpoint)
    try FileManager.default.createDirectory(
      atPath: checkpoint + "/next", withIntermediateDirectories: false)
    for name in ["record.json", "policy.safetensors"] {
      try FileManager.default.moveItem(
        atPath: "\(checkpoint)/\(name)", toPath: "\(checkpoint)/next/\(name)")
    }
    // Other steps make another run: were it begun anew, this would succeed.
    #expect(try train(checkpoint, "--resume", "--seed", "9").status == 64)
    #expect(try train(checkpoint, "--resume").status == 0)
    #expect(try contents(checkpoint) == whole)
    #expect(!FileManager.default.fileExists(atPath: checkpoint + "/next"))
    #expect(work.names == ["checkpoint"])
  }

  private func write(_ command: String, to path: String) throws -> Run {
    switch command {
    case "train": try train(path, "--json")
    case "export": try rebalance("export", Trained.shared.get().checkpoint, "--out", path, "--json")
    default: try rebalance("run", "experiments/001-two-asset", "--out", path, "--json")
    }
  }
}
