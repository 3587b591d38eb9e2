import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import RebalanceService
import Testing

@Suite struct AccessTests {
  @Test func `each scope opens its routes and no others`() async throws {
    let made = Scope.allCases.map { ($0, APIKey.create([$0])) }
    let keys = APIKeys(made.map(\.1.key))
    let routes: [(HTTPRequest.Method, String, Scope)] = [
      (.post, "/v1/decisions", .decide), (.post, "/v2/models/always/infer", .decide),
      (.get, "/v1/decisions/1", .read), (.post, "/v1/decisions/1/replay", .read),
      (.get, "/v1/policies", .read), (.get, "/v1/controls", .read), (.get, "/metrics", .read),
      (.get, "/v2/models/always", .read), (.post, "/v1/controls", .release),
      (.post, "/v1/policies/always/promote", .release),
    ]
    try await withService(try Workplace(), keys: keys) { client in
      for (method, path, needed) in routes {
        #expect(try await client.send(method, path, "{}").status == 401, "\(path)")
        for (scope, key) in made {
          let status = try await client.send(
            method, path, "{}", headers: ["Authorization": "Bearer \(key.token)"]
          ).status
          #expect((status == 403) == (scope != needed), "\(path) with \(scope): \(status)")
          #expect(status != 401)
        }
      }
    }
  }

  @Test func `health and the interface's description need no key`() async throws {
    try await withService(try Workplace(), keys: APIKeys([])) { client in
      for path in ["/v2/health/live", "/v2/health/ready", "/openapi.json"] {
        let answer = try await client.send(.get, path)
        #expect(answer.status == 200, "\(path)")
      }
    }
  }

  @Test func `a decision is logged under the key that asked, and keys do not share answers`()
    async throws
  {
    let (a, b) = (APIKey.create(Scope.allCases), APIKey.create(Scope.allCases))
    try await withService(try Workplace(), keys: APIKeys([a.key, b.key])) { client in
      func decide(_ token: String, _ body: String) async throws -> Answer {
        try await client.send(
          .post, "/v1/decisions", body,
          headers: ["Authorization": "Bearer \(token)", "Idempotency-Key": "1"])
      }
      #expect(try await decide(a.token, request()).headers[.location] == "/v1/decisions/1")
      #expect(try await decide(b.token, request([1, 2])).headers[.location] == "/v1/decisions/2")
      let record = try await client.send(
        .get, "/v1/decisions/2", headers: ["Authorization": "Bearer \(b.token)"])
      #expect(try record.json()["key_id"] as? String == b.key.id)
    }
  }

  @Test func `only the whole key opens`() throws {
    let (key, token) = APIKey.create([.read])
    let keys = APIKeys([APIKey.create([.decide]).key, key])
    #expect(keys.key(Substring(token)) == key)
    let other = APIKey.create([.read]).token
    for wrong in [
      "", "rebalance", String(token.dropLast(2)), token + "A", other,
      "rebalance_\(key.id)_", "rebalance__", "rebalance_\(key.id)_" + other.suffix(43),
      token.uppercased(), String(repeating: "_", count: 1000),
    ] { #expect(keys.key(Substring(wrong)) == nil, "\(wrong)") }
  }

  @Test func `the file holds no secret, and only its owner reads it`() throws {
    let place = try Workplace()
    let file = place.folder.appending(path: "keys.json")
    let (key, token) = APIKey.create([.read, .decide])
    var keys = APIKeys([])
    try keys.add(key, to: file)
    let text = try String(contentsOf: file, encoding: .utf8)
    let secret = try #require(token.split(separator: "_", maxSplits: 2).last)
    #expect(!text.contains(secret))
    #expect(try APIKeys(file: file).key(Substring(token)) == key)
    let rights = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
    #expect(rights as? Int == 0o600)
  }
}
