import ArgumentParser
import Deployment
import Experiments
import Foundation
import Hummingbird
import Logging
import RebalanceService
import Rebalancing

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer decision requests over HTTP; every answer is logged before it is sent.",
    discussion: """
      Example: rebalance serve --registry policies --log service/decisions.sqlite --keys service/keys.json

      The champions of a registry serve, or one policy: --policy BUNDLE, or --policy 'rule:band(0.05)' \
      --env two-asset-daily-v0. With --trust only bundles that a trusted key has signed serve or are \
      promoted; others are refused, and the champion before goes on. Keys are made by rebalance \
      api-key create; without any the service listens on loopback only. SIGTERM answers what is under \
      way and stops. TLS is for a proxy.

      It does not start on a log that is not as it was signed (exit code 65), nor where it cannot \
      listen (69); nothing is made then.
      """)

  @Option(help: "The registry whose champions serve.")
  var registry: String?

  @Option(help: "One policy instead: a bundle's folder, or a rule.")
  var policy: String?

  @Option(help: "The environment that a rule is made for: its file, or its name in envs/.")
  var env: String?

  @OptionGroup var trust: TrustOptions

  @Option(help: "The decision log, an SQLite file; begun where it is missing.")
  var log = "service/decisions.sqlite"

  @Option(
    help: "The private key that signs the log, see keys create; LOG.key if absent, made once.")
  var logKey: String?

  @Option(help: "Entries between two signed checkpoints.")
  var checkpointEvery = 1000

  @Option(help: "Minutes after which new entries are signed in any case.")
  var checkpointMinutes = 60

  @Option(help: "The file of API keys.")
  var keys: String?

  @Flag(help: "Ask for no key; on a loopback address only.")
  var withoutKeys = false

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 takes a free one.")
  var port = 8080

  @Option(help: "Requests that may be under way; further ones are answered 503.")
  var requestLimit = 512

  @Option(help: "Seconds within which a request must have arrived.")
  var clientTimeout = 10

  @Option(help: "The least level that is logged: debug, info, notice, warning, error.")
  var logLevel = "info"

  @Flag(help: "Print where it listens as a JSON document.")
  var json = false

  func validate() throws {
    guard (registry == nil) != (policy == nil) else {
      throw ValidationError("give --registry or --policy")
    }
    guard (keys == nil) == withoutKeys else {
      throw ValidationError("give --keys, or --without-keys on loopback")
    }
    guard !withoutKeys || ["127.0.0.1", "::1", "localhost"].contains(host) else {
      throw ValidationError("--without-keys is for loopback; \(host) may be reached from elsewhere")
    }
    guard Logger.Level(rawValue: logLevel) != nil else {
      throw ValidationError(
        "--log-level \(logLevel): valid are debug, info, notice, warning, error")
    }
    guard requestLimit > 0, checkpointEvery > 0, checkpointMinutes > 0, clientTimeout > 0,
      (0...65535).contains(port)
    else {
      throw ValidationError("limits are positive, and a port is 0 to 65535")
    }
  }

  func run() async throws {
    let logger = JSONLogHandler.logger(level: Logger.Level(rawValue: logLevel) ?? .info)
    let (policies, keys) = (PolicyShelf(try source()), try apiKeys())
    // The log is last: what else is wrong leaves no new one behind.
    try await settings.checkAddress()
    let service = try RebalanceService(
      settings, policies: policies, log: try openLog(logger), keys: keys, logger: logger)
    let (host, json) = (host, json)
    try await service.run { port in
      let address = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
      if json { return (try? printJSON(["listening": address], pretty: false)) ?? () }
      try? StandardOutput.write(Data("listening on \(address)\n".utf8))
    }
  }

  private var settings: RebalanceService.Settings {
    var settings = RebalanceService.Settings()
    settings.host = host
    settings.port = port
    settings.requestLimit = requestLimit
    settings.clientTimeout = .seconds(clientTimeout)
    settings.checkpointTime = .seconds(60 * checkpointMinutes)
    return settings
  }

  private func source() throws -> any PolicySource {
    if let registry {
      let folder = URL(fileURLWithPath: registry)
      try StartError.checkRegistry(folder)
      return PolicyRegistry(folder, trusting: try trust.keys)
    }
    let policy = policy ?? ""
    guard policy.hasPrefix("rule:") else {
      if env != nil { throw ValidationError("--env is for a rule; a bundle has its environment") }
      let folder = URL(fileURLWithPath: policy).resolvingSymlinksInPath()
      return SinglePolicy(.init(try PolicyBundle.load(folder, trusting: try trust.keys).bundle))
    }
    guard trust.files.isEmpty else {
      throw ValidationError("--trust is for bundles; a rule has no signature")
    }
    guard let env else {
      throw ValidationError("a rule needs --env, the environment that it is made for")
    }
    let task = try EnvironmentSpec(path: EnvironmentName.path(env)).task
    let rule = try RuleCatalog.rule(policy, for: task)
    return SinglePolicy(.init(rule: try RuleService(rule, for: task), name: rule.name))
  }

  private func openLog(_ logger: Logger) throws -> DecisionLog {
    let file = URL(fileURLWithPath: log)
    let signer = try LogSigner(
      file: logKey.map { URL(fileURLWithPath: $0) } ?? file.appendingPathExtension("key"))
    return try DecisionLog(file: file, signer: signer, interval: checkpointEvery) { checkpoint in
      // Who keeps these lines elsewhere can tell where the log was, whatever becomes of its file.
      logger.info(
        "checkpoint",
        metadata: [
          "sequence": "\(checkpoint.sequence)",
          "sha256": "\(checkpoint.hash.base64EncodedString())",
        ])
    }
  }

  private func apiKeys() throws -> APIKeys? {
    guard let keys else { return nil }
    let known = try APIKeys(file: URL(fileURLWithPath: keys))
    guard !known.keys.isEmpty else {
      throw ValidationError("\(keys) has no keys: make one with rebalance api-key create")
    }
    return known
  }
}
