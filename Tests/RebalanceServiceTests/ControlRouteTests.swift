import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import RebalanceService
import Testing

@Suite struct ControlRouteTests {
  private let kill = #"{"act": "kill", "reason": "prices are wrong"}"#
  private let release = #"{"act": "release", "reason": "prices are right again"}"#

  private func action(_ answer: Answer) throws -> String? { try answer.json()["action"] as? String }

  @Test func `a kill stops every decision until it is released`() async throws {
    try await withService(try Workplace()) { client in
      #expect(try await action(client.decide(request(), key: "a")) == "REBALANCE_FULL")
      #expect(try await client.control(kill).status == 200)
      let stopped = try await client.decide(request(), key: "b")
      #expect(try action(stopped) == "NO_ACTION")
      #expect(try stopped.json()["reason_codes"] as? [String] == ["kill_switch"])
      #expect(stopped.body.contains("prices are wrong"))
      let trades = try stopped.json()["trades"] as? [String: Double]
      #expect(trades == ["A": 0, "B": 0])
      // It latches: pulling it again changes nothing, and the first reason stays.
      _ = try await client.control(#"{"act": "kill", "reason": "again"}"#)
      #expect(try await client.send(.get, "/v1/controls").body.contains("prices are wrong"))
      #expect(try await client.control(release).status == 200)
      #expect(try await action(client.decide(request(), key: "c")) == "REBALANCE_FULL")
    }
  }

  @Test func `a kill stays through a restart`() async throws {
    let place = try Workplace()
    try await withService(place) { client in _ = try await client.control(kill) }
    try await withService(place) { client in
      #expect(try await action(client.decide(request(), key: "a")) == "NO_ACTION")
      let answer = try await client.send(.get, "/v1/controls")
      #expect(answer.body.contains("prices are wrong"))
    }
  }

  @Test func `a decision under a kill replays to the same bytes after the release`() async throws {
    try await withService(try Workplace()) { client in
      _ = try await client.control(kill)
      let answer = try await client.decide(request(), key: "a")
      _ = try await client.control(release)
      let path = try #require(answer.headers[.location])
      #expect(try await client.send(.post, path + "/replay").body.contains("\"same\":true"))
      #expect(try await client.send(.get, path).body.contains("\"kill_switch\":{"))
    }
  }

  @Test func `an answer that was given before a kill is given again`() async throws {
    try await withService(try Workplace()) { client in
      let first = try await client.decide(request(), key: "a")
      _ = try await client.control(kill)
      #expect(try await client.decide(request(), key: "a").body == first.body)
    }
  }

  @Test func `a pause stops decisions and is made longer only on purpose`() async throws {
    try await withService(try Workplace()) { client in
      let pause = #"{"act": "pause", "hours": 24, "reason": "audit"}"#
      #expect(try await client.control(pause).status == 200)
      let stopped = try await client.decide(request(), key: "a")
      #expect(try action(stopped) == "NO_ACTION")
      #expect(try stopped.json()["reason_codes"] as? [String] == ["pause"])
      #expect(try await client.control(pause).status == 409)
      let same = #"{"act": "extend", "hours": 48, "reason": "audit"}"#
      #expect(try await client.control(same).status == 409)
      let extended = #"{"act": "extend", "hours": 48, "reason": "audit takes longer"}"#
      #expect(try await client.control(extended).body.contains("\"extends\":["))
      #expect(try await client.control(#"{"act": "resume", "reason": "done"}"#).status == 200)
      #expect(try await action(client.decide(request(), key: "b")) == "REBALANCE_FULL")
    }
  }

  @Test(arguments: [
    "", "[]", #"{"act": "stop", "reason": "x"}"#, #"{"act": "kill"}"#,
    #"{"act": "kill", "reason": ""}"#, #"{"act": "kill", "reason": "  "}"#,
    #"{"act": "kill", "reason": "x", "hours": 1}"#, #"{"act": "pause", "reason": "x"}"#,
    #"{"act": "pause", "reason": "x", "hours": 0}"#,
    #"{"act": "pause", "reason": "x", "hours": 73}"#,
    #"{"act": "pause", "reason": "x", "hours": 1.5}"#,
    #"{"act": "kill", "reason": "x", "by": "y"}"#,
  ])
  func `an act that is none is refused`(body: String) async throws {
    try await withService(try Workplace()) { client in
      let answer = try await client.control(body)
      #expect(answer.status == 422)
      #expect(try await client.send(.get, "/v1/controls").body == "{}")
    }
  }

  @Test(arguments: [#"{"act": "release", "reason": "x"}"#, #"{"act": "resume", "reason": "x"}"#])
  func `nothing is let go that was not stopped`(body: String) async throws {
    try await withService(try Workplace()) { client in
      let answer = try await client.control(body)
      #expect(answer.status == 409)
      #expect(try answer.json()["reason"] as? String == "control_refused")
    }
  }

  @Test func `what the service adds wins over what a caller says, and leaves the rest`() throws {
    let request = Data(
      #"{"date":"2024-03-29","controls":{"frozen":["A"],"kill_switch":null}}"#.utf8)
    let additions = Data(
      #"{"controls":{"kill_switch":{"at":"2024-03-29","by":"k","reason":"r"}}}"#.utf8)
    let merged = RequestAdditions.merged(request, additions)
    #expect(
      String(decoding: merged, as: UTF8.self)
        == #"{"controls":{"frozen":["A"],"kill_switch":{"at":"2024-03-29","by":"k","reason":"r"}},"#
        + #""date":"2024-03-29"}"#)
    #expect(RequestAdditions.merged(request, Data()) == request)
  }
}
