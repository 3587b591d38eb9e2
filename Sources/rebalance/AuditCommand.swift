import ArgumentParser
import Deployment
import Experiments
import Foundation
import RebalanceService

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Check the decision log of a service.",
    discussion: "Example: rebalance audit verify service/decisions.sqlite",
    subcommands: [Verify.self])
}

extension AuditCommand {
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find entries that were changed, removed, reordered or cut off.",
      discussion: """
        Example: rebalance audit verify service/decisions.sqlite --head elsewhere/decisions.head

        Every entry holds the hash of the one before; checkpoints are signed. What was cut off after \
        the last checkpoint, and a log that was put back whole to an earlier state, are found only \
        with --head, a copy of LOG.head that was kept elsewhere. Without a key, of --public-key or of \
        LOG.key, signatures are checked by the key that the log itself names, which anybody can have \
        made; rebalance keys show LOG.key says the right one. Exit code 65 where anything is wrong.
        """)

    @Argument(help: "The decision log.")
    var log: String

    @Option(
      help: "Who must have signed: a file KEY.pub, or 32 bytes in Base64; LOG.key if there is one.")
    var publicKey: String?

    @Option(help: "A checkpoint that was kept elsewhere.")
    var head: String?

    @Flag(help: "Print a JSON document.")
    var json = false

    func run() throws {
      let report = try LogAudit.verify(
        file: URL(fileURLWithPath: log), publicKey: try signer(), head: try kept())
      if json {
        try printJSON(report)
      } else {
        print(
          "\(report.entries) entries, \(report.checkpoints) checkpoints\n"
            + "head \(report.head.sequence) \(report.head.sha256)")
        for finding in report.findings {
          print("\(finding.kind.rawValue): \(finding)".wrapped().joined(separator: "\n"))
        }
        if report.findings.isEmpty {
          print(Self.verdict(report).wrapped().joined(separator: "\n"))
        }
      }
      if !report.findings.isEmpty { throw ExitCode(65) }
    }

    /// What a log without findings is worth.
    private static func verdict(_ report: AuditReport) -> String {
      if report.checkpoints == 0 { return "every hash and link holds; nothing is signed" }
      if report.trust == .given { return "every hash, link and signature holds" }
      return "every hash and link holds; signatures by the key in the log itself "
        + "(\(report.signers.joined(separator: ", "))), which proves nothing about who made it: "
        + "give --public-key"
    }

    private func signer() throws -> Data? {
      if let publicKey {
        if let key = Data(base64Encoded: publicKey), VerifyingKey(bytes: key) != nil { return key }
        guard FileManager.default.fileExists(atPath: publicKey) else {
          throw ValidationError(
            "--public-key \(publicKey): a file KEY.pub, or 32 bytes in Base64 are expected")
        }
        return try VerifyingKey(contentsOf: URL(fileURLWithPath: publicKey)).bytes
      }
      let file = URL(fileURLWithPath: log + ".key")
      guard FileManager.default.fileExists(atPath: file.path) else { return nil }
      return try LogSigner(file: file).publicKey
    }

    private func kept() throws -> LogCheckpoint? {
      guard let head else { return nil }
      guard let data = FileManager.default.contents(atPath: head),
        let checkpoint = try? JSONDecoder().decode(LogCheckpoint.self, from: data)
      else { throw ValidationError("--head \(head): no checkpoint of a decision log") }
      return checkpoint
    }
  }
}
