import Foundation
import Rebalancing

/// An act on the controls, as it comes in: `{"act": "pause", "hours": 24, "reason": "…"}`.
struct ControlOrder: Decodable, Sendable {
  enum Act: String, Decodable, Sendable, CaseIterable {
    /// Stops trading for some hours.
    case pause
    /// Makes the pause in force longer, from now.
    case extend
    /// Ends the pause before its time.
    case resume
    /// Stops trading until it is released.
    case kill
    /// Allows trading again after a kill.
    case release

    /// Whether it forbids more than was forbidden.
    var stops: Bool { self == .pause || self == .extend || self == .kill }
  }

  var act: Act
  /// Of a pause or extension, from now.
  var hours: Int?
  var reason: String

  enum CodingKeys: String, CodingKey, CaseIterable { case act, hours, reason }

  init(_ body: Data) throws(Problem) {
    do {
      try KnownFields<CodingKeys>.check(body)
      self = try JSONDecoder().decode(Self.self, from: body)
    } catch let problem as Problem {
      throw problem
    } catch {
      let acts = Act.allCases.map(\.rawValue).joined(separator: ", ")
      throw Problem.invalidInput(
        "not an act on the controls: {\"act\": \(acts), \"hours\": 1 to \(Pause.longestHours), "
          + "\"reason\": text} is expected")
    }
    let isTimed = act == .pause || act == .extend
    guard isTimed == (hours != nil), (1...Pause.longestHours).contains(hours ?? 1) else {
      throw Problem.invalidInput(
        "hours: 1 to \(Pause.longestHours), for pause and extend and no other act")
    }
    guard (1...1000).contains(reason.count), reason.contains(where: { !$0.isWhitespace }) else {
      throw Problem.invalidInput("reason: 1 to 1000 characters, not only spaces")
    }
  }

  /// Changes the controls, or refuses.
  func apply(
    to controls: inout TradingControls, by keyID: String, now: UTCTime
  ) throws(ControlError) {
    let record = try ControlAct(at: now, by: keyID, reason: reason)
    let until = now.adding(hours: hours ?? 0)
    switch act {
    case .pause:
      try controls.begin(Pause(from: now, until: until, by: keyID, reason: reason))
    case .extend:
      try controls.extendPause(from: now, until: until, by: keyID, reason: reason)
    case .resume: _ = try controls.endPause(record)
    case .kill: controls.pullKillSwitch(record)
    case .release: _ = try controls.releaseKillSwitch(record)
    }
  }
}
