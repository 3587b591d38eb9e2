import Foundation
import Markets
import Rebalancing
import Testing

/// A time of a test.
func time(_ text: String) throws -> UTCTime { try #require(UTCTime(text)) }

private func act(_ at: String, reason: String = "spreads tripled") throws -> ControlAct {
  try ControlAct(at: time(at), by: "ada", reason: reason)
}

private func controls(_ json: String) throws -> TradingControls {
  try JSONDecoder().decode(TradingControls.self, from: Data(json.utf8))
}

@Suite struct TradingControlsTests {
  @Test func `a kill switch stays pulled until somebody releases it with a name and a reason`()
    throws
  {
    var controls = TradingControls()
    controls.pullKillSwitch(try act("2024-03-01T09:00:00Z"))
    controls.pullKillSwitch(try act("2024-03-02", reason: "another"))
    #expect(controls.killSwitch.pulled?.reason == "spreads tripled")
    #expect(throws: ControlError.self) {
      try ControlAct(at: time("2024-03-04"), by: " ", reason: "x")
    }
    #expect(throws: ControlError.self) {
      try ControlAct(at: time("2024-03-04"), by: "ada", reason: "")
    }
    let early = try act("2024-02-01")
    #expect(throws: ControlError.self) { _ = try controls.releaseKillSwitch(early) }
    #expect(controls.killSwitch.isPulled)
    let record = try controls.releaseKillSwitch(try act("2024-03-04", reason: "fixed"))
    #expect(!controls.killSwitch.isPulled)
    #expect(record.pulled.at == (try time("2024-03-01T09:00:00Z")))
    #expect(record.released.reason == "fixed")
    let again = try act("2024-03-05")
    #expect(throws: ControlError.self) { _ = try controls.releaseKillSwitch(again) }
  }

  @Test func `a pause expires by itself`() throws {
    let pause = try Pause(
      from: time("2024-03-01T12:00:00Z"), until: time("2024-03-04T12:00:00Z"), by: "ada",
      reason: "an outage")
    #expect(!pause.isInForce(at: try time("2024-03-01T11:59:59Z")))
    #expect(pause.isInForce(at: try time("2024-03-01T12:00:00Z")))
    #expect(pause.isInForce(at: try time("2024-03-04T11:59:59Z")))
    #expect(!pause.isInForce(at: try time("2024-03-04T12:00:00Z")))
    // Of a day without an hour, any hour counts.
    #expect(pause.isInForce(at: try time("2024-03-01")))
    #expect(pause.isInForce(at: try time("2024-03-04")))
    #expect(!pause.isInForce(at: try time("2024-03-05")))
  }

  @Test func `a pause lasts 72 hours at most`() throws {
    let from = try time("2024-03-01")
    _ = try Pause(from: from, until: time("2024-03-04"), by: "ada", reason: "x")
    #expect(throws: ControlError.self) {
      try Pause(from: from, until: time("2024-03-04T00:00:01Z"), by: "ada", reason: "x")
    }
    #expect(throws: ControlError.self) {
      try Pause(from: from, until: from, by: "ada", reason: "x")
    }
  }

  @Test func `an extension is an act of its own, and the acts before it stay on record`() throws {
    var controls = TradingControls()
    try controls.begin(
      Pause(from: time("2024-03-01"), until: time("2024-03-04"), by: "ada", reason: "an outage"))
    let second = try Pause(
      from: time("2024-03-03"), until: time("2024-03-05"), by: "ada", reason: "more")
    #expect(throws: ControlError.self) { try controls.begin(second) }
    for (from, until, reason) in [
      ("2024-03-03", "2024-03-06", "an outage"), ("2024-03-03", "2024-03-04", "more"),
      ("2024-03-04", "2024-03-06", "more"), ("2024-03-03", "2024-03-06", " "),
      ("2024-03-03", "2024-03-07", "more"),
    ] {
      #expect(throws: ControlError.self, "\(from) \(until) \(reason)") {
        try controls.extendPause(from: time(from), until: time(until), by: "bob", reason: reason)
      }
    }
    try controls.extendPause(
      from: time("2024-03-03"), until: time("2024-03-06"), by: "bob", reason: "still out")
    let pause = try #require(controls.pause)
    #expect(pause.acts.map(\.by) == ["ada", "bob"])
    #expect(pause.isInForce(at: try time("2024-03-05")))
    let copy = try JSONDecoder().decode(
      TradingControls.self, from: JSONEncoder().encode(controls))
    #expect(copy == controls)
  }

  @Test(arguments: [
    (#"{"halt": true}"#, "halt"),
    (#"{"kill_switch": true}"#, "kill_switch"),
    (#"{"kill_switch": {"at": "2024-03-01", "by": "ada", "reason": " "}}"#, "a name and a reason"),
    (#"{"pause": {"from": "2024-03-01", "until": "2024-03-09", "by": "a", "reason": "b"}}"#, "72"),
    (
      #"{"pause": {"from": "1 March", "until": "2024-03-09", "by": "a", "reason": "b"}}"#, "1 March"
    ),
    (#"{"pause": {"from": "2024-03-01", "until": "2024-03-02", "by": "a"}}"#, "reason"),
    (#"{"overrides": {"A": {"bnad": 0.1}}}"#, "bnad"),
    (#"{"defensive": {"distance": 0.1, "for": 3}}"#, "for"),
  ])
  func `refuses controls that it does not understand`(json: String, says: String) throws {
    let error = #expect(throws: DecodingError.self) { try controls(json) }
    #expect("\(try #require(error))".contains(says))
  }

  @Test(arguments: [
    (#"{"frozen": ["C"]}"#, "frozen"), (#"{"overrides": {"C": {}}}"#, "overrides"),
    (#"{"overrides": {"A": {"band": 1.5}}}"#, "band"), (#"{"minimum_days": -1}"#, "minimum_days"),
    (#"{"maximum_weight": 60}"#, "maximum_weight"),
    (#"{"defensive": {"distance": 5}}"#, "defensive.distance"),
  ])
  func `a request with controls that do not fit its assets is refused`(
    json: String, says: String
  ) throws {
    var snapshot = PortfolioSnapshot(
      date: CalendarDate(daysSinceEpoch: 20_000), assets: ["A", "B"], holdings: [60, 40],
      targets: [0.6, 0.4])
    #expect(snapshot.defect == nil)
    snapshot.controls = try controls(json)
    let defect = try #require(snapshot.defect)
    #expect(defect.hasPrefix("controls."))
    #expect(defect.contains(says))
  }

  @Test(arguments: [
    "2024-02-29", "1969-12-31T23:59:59Z", "2024-03-01T00:00:00Z", "1970-01-01T00:00:01Z",
  ])
  func `a time is written as it is read`(text: String) throws {
    let time = try time(text)
    #expect(time.description == text)
    #expect(time.day.description == text.prefix(10))
  }

  @Test(arguments: [
    "2024-02-30", "2024-03-01T24:00:00Z", "2024-03-01T10:60:00Z", "2024-03-01 10:00:00Z",
    "2024-03-01T10:00:00", "2024-03-01T10:00:00+1", "", "2024-03-01T1٠:00:00Z",
  ])
  func `refuses what is no time`(text: String) { #expect(UTCTime(text) == nil) }
}
