import Algebra
import Deployment
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Learning
import Logging
import NIOCore
import RebalanceService
import Rebalancing
import Testing

/// A folder of the test's own that is removed with it.
final class Workplace: Sendable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "service-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var log: URL { folder.appending(path: "decisions.sqlite") }
  var head: URL { log.appendingPathExtension("head") }
  var registry: PolicyRegistry { PolicyRegistry(folder.appending(path: "policies")) }

  func openLog(interval: Int = 1000) throws -> DecisionLog {
    try DecisionLog(
      file: log, signer: LogSigner(file: folder.appending(path: "log.key")), interval: interval)
  }

  /// Adds a version of the policy `steps` to the registry; other seeds are other weights.
  func add(version: String, seed: UInt64 = 7, signedBy key: SigningKey? = nil) throws {
    let bundle = folder.appending(path: "bundle-\(version)")
    try writeBundle(to: bundle, version: version, seed: seed, signedBy: key)
    _ = try registry.add(bundle)
  }
}

/// What the network sees: weight minus target.
let builder = ObservationBuilder(features: [.weightDeviation], assetCount: 2)

/// Writes the bundle of a small network over two assets.
func writeBundle(
  to folder: URL, version: String = "1.0.0", seed: UInt64 = 7, signedBy key: SigningKey? = nil
) throws {
  let network = Network(
    sizes: [builder.size, 16, 3], outputGain: 1, random: RandomSource(seed: seed), index: 0)
  try PolicyBundle.write(
    .init(
      name: "steps", version: version, environment: .init(id: "test-v0", sha256: "0"),
      provenance: ["seed": "\(seed)"]), policy: .network(network),
    schema: FeatureSchema(
      builder, assets: ["A", "B"],
      moments: builder.columns.map { _ in RunningStatistics([-0.15, 0, 0.15]) }),
    actions: [0, 0.5, 1], signedBy: key, to: folder)
}

/// A request of two assets; other holdings are other requests.
func request(_ holdings: [Double] = [70_000, 30_000]) -> String {
  """
  {"date": "2024-03-29", "assets": ["A", "B"], "holdings": \(holdings), "target_weights": [0.6, 0.4]}
  """
}

/// The rule that trades all of the way, always.
func always() throws -> ServedPolicy {
  ServedPolicy(
    rule: RuleService(
      try RuleCatalog.plainRule("always", assets: ["A", "B"]), assets: ["A", "B"]), name: "always")
}

/// Runs a service in this process with one policy, or those of the registry, and hands over a client.
func withService(
  _ place: Workplace, source: (any PolicySource)? = nil, keys: APIKeys? = nil,
  settings: RebalanceService.Settings = .init(), over setup: TestingSetup = .router,
  _ body: @Sendable (any TestClientProtocol) async throws -> Void
) async throws {
  var settings = settings
  settings.port = 0
  let log = try place.openLog()
  let service = try RebalanceService(
    settings, policies: PolicyShelf(source ?? SinglePolicy(always())), log: log, keys: keys,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  try await service.application().test(setup, body)
}

/// What came back.
struct Answer: Sendable {
  var status: Int
  var body: String
  var headers: HTTPFields

  func json() throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
  }
}

extension TestClientProtocol {
  func send(
    _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil,
    headers: [String: String] = [:]
  ) async throws -> Answer {
    var fields = HTTPFields()
    for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
    return try await execute(
      uri: path, method: method, headers: fields, body: body.map { ByteBuffer(string: $0) }
    ) { Answer(status: $0.status.code, body: String(buffer: $0.body), headers: $0.headers) }
  }

  func decide(_ body: String, key: String, policy: String? = nil) async throws -> Answer {
    try await send(
      .post, "/v1/decisions" + (policy.map { "?policy=\($0)" } ?? ""), body,
      headers: ["Idempotency-Key": key])
  }

  func control(_ body: String) async throws -> Answer {
    try await send(.post, "/v1/controls", body)
  }
}
