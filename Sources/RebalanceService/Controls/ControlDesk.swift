import Foundation
import HTTPTypes
import Rebalancing
import Synchronization

/// The controls in force for all requests: kill switch and pause.
///
/// They live in the decision log: each act is an entry whose answer is what is in force after it, and the
/// last one counts after a restart.
final class ControlDesk: Sendable {
  private let log: DecisionLog
  private let current: Mutex<TradingControls>
  /// One act at a time: what an act says is about what it found.
  private let turn = Turn()

  init(log: DecisionLog) throws(LogError) {
    self.log = log
    var controls = TradingControls()
    if let last = try log.last(.controls) {
      do {
        controls = try JSONDecoder().decode(TradingControls.self, from: last.act.response)
      } catch { throw LogError("entry \(last.sequence): not controls: \(error)") }
    }
    current = Mutex(controls)
  }

  var controls: TradingControls { current.withLock { $0 } }

  /// What is added to a request that comes now; empty: nothing is in force.
  func additions(now: UTCTime = .now) -> Data {
    let all = controls
    var inForce = TradingControls()
    if let act = all.killSwitch.pulled { inForce.pullKillSwitch(act) }
    if let pause = all.pause, pause.isInForce(at: now) { try? inForce.begin(pause) }
    guard inForce != TradingControls() else { return Data() }
    return (try? ServiceJSON.encode(Additions(controls: inForce))) ?? Data()
  }

  private struct Additions: Encodable { var controls: TradingControls }

  /// Carries out an act and logs it.
  ///
  /// - Returns: the controls after it, as JSON.
  func carryOut(_ act: ControlOrder, by keyID: String, request: Data) async throws(Problem) -> Data
  {
    await turn.take()
    defer { turn.give() }
    var controls = controls
    do throws(ControlError) { try act.apply(to: &controls, by: keyID, now: .now) } catch {
      throw Problem(.conflict, error.description, reason: "control_refused")
    }
    guard let response = try? ServiceJSON.encode(controls) else {
      throw Problem(.internalServerError, "the controls cannot be written as JSON")
    }
    // Stopping is in force at once, letting go only when it is on record.
    if act.act.stops { current.withLock { $0 = controls } }
    do throws(LogError) {
      _ = try await log.append(
        LogAct(
          kind: .controls, time: Timestamp.now(), keyID: keyID,
          policy: PolicyIdentity(name: "", version: "", sha256: ""), request: request,
          response: response))
    } catch { throw Problem.unavailable(error.description, reason: "log_unavailable") }
    current.withLock { $0 = controls }
    return response
  }
}

extension UTCTime {
  /// The present second.
  static var now: UTCTime { UTCTime(seconds: Int(Date.now.timeIntervalSince1970.rounded(.down))) }
}
