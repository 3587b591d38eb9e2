import Deployment
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import RebalanceService
import Testing

/// A registry whose conditions for a champion are set aside: what the service does with one is asked here.
private struct OpenRegistry: PolicySource {
  let registry: PolicyRegistry
  let champion: Box<String?>

  func names() throws -> [String] { try registry.names() }
  func versions(of name: String) throws -> [String] { try registry.versions(of: name) }
  func champion(of name: String) throws -> String? { champion.value }
  func load(_ name: String, version: String) throws -> ServedPolicy {
    ServedPolicy(try registry.load(name, .version(version)))
  }
  func promote(_ name: String, version: String) throws { champion.value = version }
}

@Suite struct PolicyRouteTests {
  private func open(_ place: Workplace, champion: String?) -> OpenRegistry {
    OpenRegistry(registry: place.registry, champion: Box(champion))
  }

  /// Changes one byte of a version's weights.
  private func damage(_ place: Workplace, version: String) throws {
    let file = place.registry.folder.appending(path: "steps/\(version)/policy.safetensors")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: file)
  }

  @Test func `a promoted version answers from then on`() async throws {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    try place.add(version: "1.1.0", seed: 8)
    try await withService(place, source: open(place, champion: "1.0.0")) { client in
      #expect(try await client.decide(request(), key: "a").body.contains("\"version\":\"1.0.0\""))
      let promoted = try await client.send(
        .post, "/v1/policies/steps/promote", #"{"version": "1.1.0"}"#)
      #expect(promoted.status == 200)
      #expect(try await client.decide(request(), key: "b").body.contains("\"version\":\"1.1.0\""))
      let list = try await client.send(.get, "/v1/policies")
      #expect(list.body.contains("\"champion\":\"1.1.0\""))
      // What the one before decided is replayed by the one before.
      let replay = try await client.send(.post, "/v1/decisions/1/replay")
      #expect(replay.body.contains("\"same\":true"))
    }
    #expect(try LogAudit.verify(file: place.log).entries == 3)
  }

  @Test func `a damaged version is not promoted and the champion goes on`() async throws {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    try place.add(version: "1.1.0", seed: 8)
    try damage(place, version: "1.1.0")
    try await withService(place, source: open(place, champion: "1.0.0")) { client in
      let refused = try await client.send(
        .post, "/v1/policies/steps/promote", #"{"version": "1.1.0"}"#)
      #expect(refused.status == 409)
      #expect(refused.body.contains("policy.safetensors"))
      #expect(try await client.decide(request(), key: "a").body.contains("\"version\":\"1.0.0\""))
      #expect(try await client.send(.get, "/v2/health/ready").status == 200)
    }
  }

  @Test func `a damaged champion leaves the one before serving, and readiness says why`()
    async throws
  {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    try place.add(version: "1.1.0", seed: 8)
    try damage(place, version: "1.1.0")
    let source = open(place, champion: "1.0.0")
    let shelf = PolicyShelf(source)
    source.champion.value = "1.1.0"
    #expect(shelf.refresh() == [])
    let service = try RebalanceService(
      .init(), policies: shelf, log: place.openLog(), keys: nil, logger: .init(label: "test"))
    try await service.application().test(.router) { client in
      let ready = try await client.send(.get, "/v2/health/ready")
      #expect(ready.status == 503)
      #expect(ready.body.contains("policy.safetensors"))
      #expect(ready.headers[.retryAfter] == "1")
      #expect(try await client.send(.get, "/v2/health/live").status == 200)
      #expect(try await client.decide(request(), key: "a").body.contains("\"version\":\"1.0.0\""))
    }
  }

  @Test func `a champion that somebody else has chosen serves at the next look`() throws {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    try place.add(version: "1.1.0", seed: 8)
    let source = open(place, champion: "1.0.0")
    let shelf = PolicyShelf(source)
    #expect(shelf.refresh() == [])
    source.champion.value = "1.1.0"
    #expect(shelf.refresh() == ["steps"])
    #expect(shelf.refresh() == [])
  }

  @Test func `the registry's own conditions hold over HTTP`() async throws {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    try await withService(place, source: place.registry) { client in
      let refused = try await client.send(
        .post, "/v1/policies/steps/promote", #"{"version": "1.0.0"}"#)
      #expect(refused.status == 409)
      #expect(refused.body.contains("shadow"))
      // Without a champion nothing serves, and that is said.
      #expect(try await client.send(.get, "/v2/health/ready").status == 503)
      #expect(try await client.decide(request(), key: "a").status == 503)
    }
  }

  @Test func `only what a trusted key has signed serves or is promoted`() async throws {
    let place = try Workplace()
    let (ours, other) = (SigningKey(), SigningKey())
    try place.add(version: "1.0.0", signedBy: ours)
    try place.add(version: "1.1.0", seed: 8)
    try place.add(version: "1.2.0", seed: 9, signedBy: other)
    try place.add(version: "1.3.0", seed: 10, signedBy: ours)
    let trusting = PolicyRegistry(place.registry.folder, trusting: [ours.verifyingKey])
    let source = OpenRegistry(registry: trusting, champion: Box("1.0.0"))
    let shelf = PolicyShelf(source)
    let service = try RebalanceService(
      .init(), policies: shelf, log: place.openLog(), keys: nil, logger: .init(label: "test"))
    try await service.application().test(.router) { client in
      func promote(_ version: String) async throws -> Answer {
        try await client.send(
          .post, "/v1/policies/steps/promote", "{\"version\": \"\(version)\"}")
      }
      let unsigned = try await promote("1.1.0")
      #expect(unsigned.status == 409)
      #expect(unsigned.headers[.contentType] == "application/problem+json")
      #expect(unsigned.body.contains("signature"))
      #expect(try await promote("1.2.0").status == 409)
      #expect(try await client.decide(request(), key: "a").body.contains("\"version\":\"1.0.0\""))
      // Nor does one serve that somebody else has made champion.
      source.champion.value = "1.2.0"
      #expect(shelf.refresh() == [])
      #expect(try await client.send(.get, "/v2/health/ready").status == 503)
      #expect(try await client.decide(request(), key: "b").body.contains("\"version\":\"1.0.0\""))
      #expect(try await promote("1.3.0").status == 200)
      #expect(try await client.decide(request(), key: "c").body.contains("\"version\":\"1.3.0\""))
    }
  }

  @Test func `a refusal says what helps over HTTP, and not where files are`() async throws {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    try place.add(version: "1.1.0", seed: 8)
    try damage(place, version: "1.1.0")
    try await withService(place, source: place.registry) { client in
      for version in ["1.0.0", "1.1.0", "9.0.0", "../1.0.0"] {
        let refused = try await client.send(
          .post, "/v1/policies/steps/promote", "{\"version\": \"\(version)\"}")
        #expect(refused.status == 409)
        #expect(!refused.body.contains("--shadow"), "\(refused.body)")
        #expect(!refused.body.contains(place.folder.lastPathComponent), "\(refused.body)")
      }
      let refused = try await client.send(
        .post, "/v1/policies/steps/promote", #"{"version": "1.0.0"}"#)
      #expect(refused.body.contains("rebalance registry promote takes one"))
    }
  }

  @Test func `readiness says nothing of where files are, and the list names the challenger`()
    async throws
  {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    _ = try place.registry.challenge("steps", version: "1.0.0")
    let trusting = PolicyRegistry(place.registry.folder, trusting: [SigningKey().verifyingKey])
    try await withService(place, source: place.registry) { client in
      let list = try await client.send(.get, "/v1/policies")
      #expect(list.body.contains("\"challenger\":\"1.0.0\""))
    }
    try FileManager.default.createSymbolicLink(
      atPath: place.registry.folder.appending(path: "steps/champion").path,
      withDestinationPath: "1.0.0")
    try await withService(place, source: trusting) { client in
      let ready = try await client.send(.get, "/v2/health/ready")
      #expect(ready.status == 503)
      #expect(ready.body.contains("steps/1.0.0: manifest.sig: missing"))
      #expect(!ready.body.contains(place.folder.lastPathComponent), "\(ready.body)")
    }
  }

  @Test func `an unknown policy, version or body is refused`() async throws {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    try await withService(place, source: open(place, champion: "1.0.0")) { client in
      for (name, body, status) in [
        ("other", #"{"version": "1.0.0"}"#, 404), ("..%2F..", #"{"version": "1.0.0"}"#, 404),
        ("steps", #"{"version": "9.0.0"}"#, 409), ("steps", #"{"version": "../1.0.0"}"#, 409),
        ("steps", "{}", 422), ("steps", #"{"version": "1.0.0", "shadow": "x"}"#, 422),
      ] {
        let answer = try await client.send(.post, "/v1/policies/\(name)/promote", body)
        #expect(answer.status == status, "\(name) \(body)")
      }
      #expect(try await client.decide(request(), key: "a", policy: "other").status == 404)
      #expect(try await client.decide(request(), key: "a", policy: "steps").status == 201)
    }
  }
}
