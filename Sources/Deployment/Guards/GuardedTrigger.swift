import Learning
public import Rebalancing

/// A trigger behind guards: they refuse, veto or shrink, and never make a trade larger.
///
/// In this order, each with its reason code:
/// 1. `schema`, `not_finite`: the request does not fit the policy;
/// 2. `stale`: the snapshot, or a price, is too old on the day of the request;
/// 3. `missing_price`, `price_glitch`, `inconsistent`: prices that cannot be;
/// 4. `kill_switch`, 5. `pause`: no trade, whatever the policy would say;
/// 6. `out_of_distribution`: the fallback rule decides instead of the policy (`fallback`);
/// 7. `defensive`, 8. `minimum_days`: only large deviations, in part; not too often;
/// 9. `frozen`, 10. `override`, 11. `concentration`: an asset's trade is left out or cut, and the
///    others with it, so that purchases and sales stay equal.
///
/// What 1 to 3 find is refused before any inference and never reaches the fallback. An immediate
/// decision ignores minimum days and the distance of the defensive mode, nothing else.
public struct GuardedTrigger: Trigger {
  public let trigger: any Trigger
  public let fallback: any Trigger
  public let settings: GuardSettings
  let input: GuardedInput
  /// The policy, where it is a learned one that sees what the guards are told it sees.
  private let learned: LearnedTrigger?

  /// - Parameters:
  ///   - observation: what the policy sees; `nil` for a rule.
  ///   - assets: their names, in order.
  /// - Throws: where the fallback is no rule that every request can be asked about, or the settings
  ///   are of another policy.
  public init(
    _ trigger: any Trigger, settings: GuardSettings, observation: ObservationBuilder? = nil,
    assets: [String]
  ) throws(PolicyMismatch) {
    if let known = settings.assets, known != assets {
      throw PolicyMismatch(description: "assets: made for \(known), the policy is for \(assets)")
    }
    self.trigger = trigger
    self.settings = settings
    let learned = trigger as? LearnedTrigger
    self.learned = learned?.observation == observation ? learned : nil
    do throws(RuleError) {
      fallback = try RuleCatalog.plainRule(settings.fallback, assets: assets)
    } catch { throw PolicyMismatch(description: "fallback: \(error)") }
    input = GuardedInput(
      settings, needs: trigger.needs, observation: observation, assets: assets)
    let (seen, known) = (input.columnNames, settings.outOfDistribution?.columns.map(\.name))
    if let known, known != seen {
      throw PolicyMismatch(
        description: "out_of_distribution: made for \(known), the policy sees \(seen)")
    }
  }

  /// Guards that know nothing of a training: controls, prices and age.
  ///
  /// - Parameter assets: their names, in order.
  public init(_ trigger: any Trigger, assets: [String]) {
    self.trigger = trigger
    learned = trigger as? LearnedTrigger
    // Without a law of the training nothing is handed to a fallback.
    (fallback, settings) = (trigger, GuardSettings(fallback: "rule:never"))
    input = GuardedInput(
      settings, needs: trigger.needs, observation: learned?.observation, assets: assets)
  }

  public var name: String { trigger.name }
  public var needs: TriggerNeeds { trigger.needs }

  /// Why a request is refused before any inference; `nil` where a decision can be made.
  public func refusal(of snapshot: PortfolioSnapshot) -> Refusal? { input.read(snapshot).refusal }

  /// Answers no action, with the reason, to a request that is refused.
  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    let read = input.read(snapshot)
    if let refusal = read.refusal { return .invalid(refusal.description, refusal.code) }
    if let veto = veto(snapshot) { return veto }
    return limited(decided(snapshot, read), snapshot)
  }

  /// Kill switch and pause.
  private func veto(_ snapshot: PortfolioSnapshot) -> TriggerDecision? {
    guard let controls = snapshot.controls else { return nil }
    if let act = controls.killSwitch.pulled {
      return .vetoed(.killSwitch, "pulled at \(act.at) by \(act.by): \(act.reason)")
    }
    let time = snapshot.requestedOn ?? UTCTime(snapshot.date)
    if let pause = controls.pause, pause.isInForce(at: time), let act = pause.acts.last {
      return .vetoed(.pause, "until \(act.until), by \(act.by): \(act.reason)")
    }
    return nil
  }

  /// What the policy says, or the fallback rule about what the policy does not know.
  private func decided(
    _ snapshot: PortfolioSnapshot, _ read: GuardedInput.Reading
  ) -> TriggerDecision {
    guard let finding = read.finding else {
      // What the guards have looked at begins with what the policy sees: it is not built twice.
      guard let learned, learned.family != .destination else { return trigger.decide(snapshot) }
      return learned.decide(observation: Array(read.numbers.prefix(learned.observation.size)))
    }
    var decision = fallback.decide(snapshot)
    decision.reasons.insert("out_of_distribution: \(finding)", at: 0)
    decision.reasons.insert("fallback: \(fallback.name) decides", at: 1)
    decision.codes.insert(contentsOf: [.outOfDistribution, .fallback], at: 0)
    return decision
  }
}

/// A request that is refused before any inference, and the guard that did it.
public struct Refusal: Error, CustomStringConvertible, Sendable, Hashable {
  public let code: ReasonCode
  public let description: String
}

extension TriggerDecision {
  /// No action because a guard forbids it.
  static func vetoed(_ code: ReasonCode, _ reason: String) -> TriggerDecision {
    var decision = TriggerDecision.noAction("\(code.rawValue): \(reason)")
    decision.codes = [code]
    return decision
  }
}
