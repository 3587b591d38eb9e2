import Deployment
import Foundation
import Rebalancing

extension DecisionResponse {
  /// The answer while trading is stopped: no action, whatever the policy says.
  ///
  /// Guards say so themselves; a policy that came without guards knows no controls, and a stop is a stop
  /// for it too. A function of what is logged, as the decision itself.
  ///
  /// - Parameter additions: what the service added to the request; empty: nothing is stopped.
  func stopped(by additions: Data) -> DecisionResponse {
    guard action != .none, let stop = Self.stop(additions) else { return self }
    var response = self
    response.action = .none
    response.fraction = 0
    response.trades = trades.mapValues { _ in 0 }
    response.reasons.insert("\(stop.code.rawValue): by \(stop.by): \(stop.reason)", at: 0)
    response.reasonCodes.insert(stop.code, at: 0)
    response.waiting = nil
    return response
  }

  private struct Additions: Decodable { var controls: TradingControls }

  /// What stops trading; the service adds a pause only while it is in force.
  private static func stop(_ additions: Data) -> (code: ReasonCode, by: String, reason: String)? {
    guard !additions.isEmpty,
      let controls = try? JSONDecoder().decode(Additions.self, from: additions).controls
    else { return nil }
    if let act = controls.killSwitch.pulled { return (.killSwitch, act.by, act.reason) }
    if let act = controls.pause?.acts.last { return (.pause, act.by, act.reason) }
    return nil
  }
}
