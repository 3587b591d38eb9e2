import Deployment
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Learning
import Logging
import RebalanceService
import Testing

@Suite struct ProtocolTests {
  @Test func `the document has every route, and every route is in it`() throws {
    let place = try Workplace()
    let service = try RebalanceService(
      .init(), policies: PolicyShelf(SinglePolicy(always())), log: place.openLog(), keys: nil,
      logger: Logger(label: "test"))
    let routes = Set(service.router().routes.map { "\($0.method) \($0.path)" })
    let document = OpenAPIDocument.shared.paths.flatMap { path, methods in
      methods.map { "\($0) \(path)" }
    }
    #expect(routes == Set(document))
    #expect(routes.count == 14)
  }

  @Test func `the description that is served is the document`() async throws {
    try await withService(try Workplace()) { client in
      let answer = try await client.send(.get, "/openapi.json")
      #expect(try answer.json()["openapi"] as? String == "3.1.0")
    }
  }

  @Test func `an unknown path, a wrong method and a large body are told apart`() async throws {
    try await withService(try Workplace(), over: .live) { client in
      let unknown = try await client.send(.get, "/v1/nothing")
      #expect(unknown.status == 404)
      #expect(unknown.headers[.contentType] == "application/problem+json")
      let wrong = try await client.send(.delete, "/v1/decisions/1")
      #expect(wrong.status == 405)
      #expect(wrong.headers[.allow] == "GET, HEAD")
      #expect(try await client.send(.get, "/v1/decisions").headers[.allow] == "POST")
      let large = try await client.decide(String(repeating: " ", count: 1 << 20) + "{}", key: "a")
      #expect(large.status == 413)
      let exact = String(repeating: " ", count: (1 << 20) - request().utf8.count) + request()
      #expect(try await client.decide(exact, key: "b").status == 201)
    }
  }

  @Test func `too many requests at once are told to come again`() async throws {
    var settings = RebalanceService.Settings()
    settings.requestLimit = 2
    try await withService(try Workplace(), settings: settings) { client in
      let answers = try await withThrowingTaskGroup { group in
        for i in 0..<60 {
          group.addTask { try await client.decide(request([Double(i + 1), 1]), key: "\(i)") }
        }
        return try await group.reduce(into: [Answer]()) { $0.append($1) }
      }
      let busy = answers.filter { $0.status == 503 }
      #expect(!busy.isEmpty)
      #expect(busy.allSatisfy { $0.headers[.retryAfter] == "1" })
      #expect(answers.allSatisfy { [201, 503].contains($0.status) })
      // It recovers by itself.
      #expect(try await client.decide(request(), key: "later").status == 201)
    }
  }

  @Test func `metrics count decisions, refusals and answers`() async throws {
    try await withService(try Workplace()) { client in
      _ = try await client.decide(request(), key: "a")
      _ = try await client.decide(request(), key: "a")
      _ = try await client.decide("{}", key: "b")
      _ = try await client.send(.get, "/v1/nothing")
      let answer = try await client.send(.get, "/metrics")
      #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
      let lines = answer.body.split(separator: "\n").map(String.init)
      for line in [
        #"rebalance_decisions_total{policy="always",action="REBALANCE_FULL"} 1"#,
        #"rebalance_refused_total{reason="invalid_input"} 1"#,
        #"rebalance_http_requests_total{method="POST",route="/v1/decisions",status="201"} 2"#,
        #"rebalance_http_requests_total{method="POST",route="/v1/decisions",status="422"} 1"#,
        #"rebalance_http_request_seconds_count{route="/v1/decisions"} 3"#, "rebalance_ready 1",
        "# TYPE rebalance_http_request_seconds histogram",
      ] { #expect(lines.contains(line), "\(line)") }
      #expect(lines.contains { $0.hasPrefix("process_resident_memory_bytes ") })
    }
  }

  @Test func `the inference protocol gives the network's scores`() async throws {
    let place = try Workplace()
    try place.add(version: "1.0.0")
    let bundle = try place.registry.load("steps", .version("1.0.0"))
    try await withService(place, source: SinglePolicy(.init(bundle))) { client in
      let model = try await client.send(.get, "/v2/models/steps").json()
      #expect(model["versions"] as? [String] == ["1.0.0"])
      let call =
        #"{"id": "7", "inputs": [{"name": "observation", "shape": [2, 2], "datatype": "FP32", "data": [0.1, -0.1, 0.0, 0.0]}]}"#
      let answer = try await client.send(.post, "/v2/models/steps/infer", call).json()
      let outputs = try #require(answer["outputs"] as? [[String: Any]])
      let scores = try #require(outputs[0]["data"] as? [Double]).map { Float($0) }
      #expect(scores == bundle.policy.scores([0.1, -0.1]) + bundle.policy.scores([0, 0]))
      #expect(answer["id"] as? String == "7")
      for wrong in [
        "{}", call.replacingOccurrences(of: "[2, 2]", with: "[2, 3]"),
        call.replacingOccurrences(of: "0.1,", with: "1e300,"),
        call.replacingOccurrences(of: "[2, 2]", with: "[-2, -2]"),
      ] { #expect(try await client.send(.post, "/v2/models/steps/infer", wrong).status == 422) }
      #expect(try await client.send(.get, "/v2/models/other").status == 404)
    }
  }
}
