import Deployment
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import RebalanceService
import Testing

@Suite struct DecisionRouteTests {
  @Test func `answers with the bytes that a caller in process gets`() async throws {
    let place = try Workplace()
    let decision = try always().decider.decide(request: Data(request().utf8))
    try await withService(place) { client in
      let answer = try await client.decide(request(), key: "a")
      #expect(answer.status == 201)
      #expect(answer.headers[.location] == "/v1/decisions/1")
      #expect(answer.headers[.contentType] == "application/json")
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      #expect(answer.body == String(decoding: try encoder.encode(decision), as: UTF8.self))
    }
  }

  @Test func `the same key and body give the same bytes, also after a restart`() async throws {
    let place = try Workplace()
    let first = Box("")
    try await withService(place) { client in
      first.value = try await client.decide(request(), key: "a").body
      let again = try await client.decide(request(), key: "a")
      #expect(again.status == 201)
      #expect(again.body == first.value)
      #expect(again.headers[.location] == "/v1/decisions/1")
      #expect(again.headers[try #require(.init("Idempotency-Replayed"))] == "true")
    }
    try await withService(place) { client in
      let answer = try await client.decide(request(), key: "a")
      #expect(answer.body == first.value)
      #expect(try await client.decide(request(), key: "b").headers[.location] == "/v1/decisions/2")
    }
  }

  @Test func `a key that was used for another request is refused`() async throws {
    try await withService(try Workplace()) { client in
      _ = try await client.decide(request(), key: "a")
      let other = try await client.decide(request([1, 2]), key: "a")
      #expect(other.status == 422)
      #expect(try other.json()["reason"] as? String == "key_reused")
    }
  }

  @Test func `of many requests with one key at once one is decided`() async throws {
    let place = try Workplace()
    try await withService(place) { client in
      let answers = try await withThrowingTaskGroup { group in
        for _ in 0..<40 { group.addTask { try await client.decide(request(), key: "a") } }
        return try await group.reduce(into: [Answer]()) { $0.append($1) }
      }
      let statuses = Set(answers.map(\.status))
      #expect(statuses.isSubset(of: [201, 409]))
      #expect(Set(answers.filter { $0.status == 201 }.map(\.body)).count == 1)
    }
    #expect(try LogAudit.verify(file: place.log).entries == 1)
  }

  @Test(arguments: [
    "", "{", "[]", "null", "{}", #"{"date": 1}"#, request([-1, 2]), request([1e308, 1e308]),
    request().replacingOccurrences(of: "0.6", with: "1e999"),
    request().replacingOccurrences(of: "0.6", with: "NaN"),
    request().replacingOccurrences(of: "0.6", with: "\"0.6\""),
    request().replacingOccurrences(of: "date", with: "day"),
  ])
  func `a request that is none is refused and takes no key`(body: String) async throws {
    let place = try Workplace()
    try await withService(place) { client in
      let refused = try await client.decide(body, key: "a")
      #expect(refused.status == 422)
      #expect(refused.headers[.contentType] == "application/problem+json")
      let problem = try refused.json()
      #expect(problem["reason"] as? String == "invalid_input")
      #expect(problem["status"] as? Int == 422)
      #expect(try await client.decide(request(), key: "a").status == 201)
    }
    #expect(try LogAudit.verify(file: place.log).entries == 1)
  }

  @Test func `a request without a key is told so`() async throws {
    try await withService(try Workplace()) { client in
      let answer = try await client.send(.post, "/v1/decisions", request())
      #expect(answer.status == 400)
      #expect(
        try await client.decide(request(), key: String(repeating: "k", count: 201)).status == 422)
    }
  }

  @Test func `a decision can be read, request and answer byte by byte`() async throws {
    try await withService(try Workplace()) { client in
      let answer = try await client.decide(request(), key: "a")
      let record = try await client.send(.get, "/v1/decisions/1")
      #expect(record.status == 200)
      #expect(record.body.contains("\"request\":\(request()),"))
      #expect(record.body.contains("\"response\":\(answer.body)}"))
      let json = try record.json()
      #expect(json["idempotency_key"] as? String == "a")
      for missing in ["2", "0", "-1", "01", "x", "99999999999999999999"] {
        #expect(try await client.send(.get, "/v1/decisions/\(missing)").status == 404)
      }
    }
  }

  @Test func `a decision comes out the same when it is replayed`() async throws {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    let bundle = try place.registry.load("steps", .version("1.0.0"))
    try await withService(place, source: SinglePolicy(.init(bundle))) { client in
      for i in 1...20 {
        let body = request([Double(1000 * i), 50_000])
        #expect(try await client.decide(body, key: "\(i)").status == 201)
        let replay = try await client.send(.post, "/v1/decisions/\(i)/replay")
        #expect(replay.body == "{\"differences\":[],\"id\":\"\(i)\",\"same\":true}")
      }
    }
  }

  @Test func `a replay by other weights under the same version says so`() async throws {
    let place = try Workplace()
    let bundles = try [UInt64(7), 8].map { seed in
      let folder = place.folder.appending(path: "bundle-\(seed)")
      try writeBundle(to: folder, seed: seed)
      return SinglePolicy(.init(try PolicyBundle.load(folder).bundle))
    }
    try await withService(place, source: bundles[0]) { client in
      _ = try await client.decide(request(), key: "a")
    }
    try await withService(place, source: bundles[1]) { client in
      let replay = try await client.send(.post, "/v1/decisions/1/replay")
      #expect(replay.status == 409)
      #expect(try replay.json()["reason"] as? String == "policy_changed")
    }
  }
}

/// A value that closures share.
final class Box<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}
