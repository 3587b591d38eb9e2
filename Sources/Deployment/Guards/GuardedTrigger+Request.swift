import Rebalancing

extension GuardedTrigger {
  /// The decision on a request that has been read.
  ///
  /// - Throws: where a guard refuses it, with the guard's code.
  func answer(_ snapshot: PortfolioSnapshot) throws(RequestError) -> TriggerDecision {
    let decision = decide(snapshot)
    guard decision.codes.first == .invalidInput else { return decision }
    let reason = decision.reasons.joined(separator: "; ")
    let prefix = "\(ReasonCode.invalidInput.rawValue): "
    throw RequestError(
      reason.hasPrefix(prefix) ? String(reason.dropFirst(prefix.count)) : reason,
      decision.codes.last ?? .schema)
  }
}
