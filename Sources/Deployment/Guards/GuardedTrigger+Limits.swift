import Markets
import Rebalancing

// What becomes of a decision: vetoes and smaller trades.
extension GuardedTrigger {
  func limited(_ decided: TriggerDecision, _ snapshot: PortfolioSnapshot) -> TriggerDecision {
    var decision = decided
    let controls = snapshot.controls
    let limit = min(settings.maximumWeight, controls?.maximumWeight ?? 1)
    if limit < 1 { note(concentrationAbove: limit, snapshot, in: &decision) }
    guard decision.action != .none else { return decision }
    if let mode = controls?.defensive { defend(mode, snapshot, &decision) }
    let days = max(settings.minimumDays, controls?.minimumDays ?? 0)
    if days > 0 { wait(days, snapshot, &decision) }
    guard decision.action != .none, limit < 1 || controls?.limitsAssets == true else {
      return decision
    }
    var limits = TradeLimits(decision, snapshot)
    if let controls { self.limit(&limits, controls, snapshot, &decision) }
    for (i, weight) in snapshot.weights.enumerated()
    where limits.cap(i, buying: max(limit - weight, 0)) {
      decision.note(.concentration, "\(snapshot.assets[i]) is not bought beyond \(limit)")
    }
    return limits.applied(to: decision)
  }

  /// A breach before the trade is said even where nothing is done about it.
  private func note(
    concentrationAbove limit: Double, _ snapshot: PortfolioSnapshot,
    in decision: inout TriggerDecision
  ) {
    for (i, weight) in snapshot.weights.enumerated() where weight > limit {
      decision.note(.concentration, "\(snapshot.assets[i]) is \(weight), above \(limit)")
    }
  }

  private func defend(
    _ mode: TradingControls.DefensiveMode, _ snapshot: PortfolioSnapshot,
    _ decision: inout TriggerDecision
  ) {
    let farthest = snapshot.deviations.reduce(0) { max($0, abs($1)) }
    guard farthest > mode.distance || decision.action == .immediate else {
      decision.stop(.defensive, "only deviations above \(mode.distance) are traded")
      return
    }
    guard mode.fraction < 1 else { return }
    let weights = snapshot.weights
    let before = decision
    if let destination = decision.destination {
      decision = TriggerDecision(
        destination: weights.indices.map {
          weights[$0] + mode.fraction * (destination[$0] - weights[$0])
        }, from: weights, targets: snapshot.targets)
    } else {
      decision = TriggerDecision(fraction: before.fraction * mode.fraction)
    }
    (decision.reasons, decision.codes) = (before.reasons, before.codes)
    decision.scores = before.scores
    decision.note(.defensive, "at most \(mode.fraction) of the trade")
  }

  private func wait(_ days: Int, _ snapshot: PortfolioSnapshot, _ decision: inout TriggerDecision) {
    guard decision.action != .none, decision.action != .immediate, let last = snapshot.lastTrade
    else { return }
    let passed = snapshot.date.days(since: last)
    guard passed < days else { return }
    decision.stop(.minimumDays, "\(passed) days since the last trade, \(days) must lie between")
  }

  /// Frozen assets, then overrides, in the order of the assets.
  private func limit(
    _ limits: inout TradeLimits, _ controls: TradingControls, _ snapshot: PortfolioSnapshot,
    _ decision: inout TriggerDecision
  ) {
    for (i, asset) in snapshot.assets.enumerated() {
      let own = controls.overrides[asset]
      guard controls.frozen.contains(asset) || own?.frozen == true else { continue }
      if limits.cap(i, buying: 0, selling: 0) { decision.note(.frozen, "\(asset) is not traded") }
    }
    let deviations = snapshot.deviations
    for (i, asset) in snapshot.assets.enumerated() {
      guard let own = controls.overrides[asset] else { continue }
      if let band = own.band, abs(deviations[i]) <= band, limits.cap(i, buying: 0, selling: 0) {
        decision.note(.override, "\(asset) is within its own band \(band)")
      }
      if own.hold, limits.cap(i, buying: max(-deviations[i], 0), selling: 0) {
        decision.note(.override, "\(asset) is held: not sold, nor bought beyond its target")
      }
    }
  }
}

extension TradingControls {
  /// Whether some assets are not traded as the others.
  fileprivate var limitsAssets: Bool { !frozen.isEmpty || !overrides.isEmpty }
}

extension TriggerDecision {
  /// Says that a guard has spoken.
  fileprivate mutating func note(_ code: ReasonCode, _ reason: String) {
    reasons.append("\(code.rawValue): \(reason)")
    if !codes.contains(code) { codes.append(code) }
  }

  /// Makes it no action, and says why; scores stay for the log.
  fileprivate mutating func stop(_ code: ReasonCode, _ reason: String) {
    var stopped = TriggerDecision(fraction: 0, reasons: reasons, scores: scores)
    stopped.codes = codes
    stopped.note(code, reason)
    self = stopped
  }
}
