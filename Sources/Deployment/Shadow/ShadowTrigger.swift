public import Rebalancing

/// A champion that decides, and a challenger that sees every request and never acts.
///
/// The champion answers first, and its answer leaves as it is; what the challenger says, and what is
/// wrong with it, goes to the log.
public struct ShadowTrigger: Trigger {
  public let champion: any Trigger
  public let challenger: any Trigger
  private let log: @Sendable (ShadowRecord) -> Void

  public init(
    champion: any Trigger, challenger: any Trigger,
    log: @escaping @Sendable (ShadowRecord) -> Void = { _ in }
  ) {
    (self.champion, self.challenger, self.log) = (champion, challenger, log)
  }

  public var name: String { champion.name }

  /// Only the champion's: a request that lacks what the challenger needs is its fault, not the
  /// request's.
  public var needs: TriggerNeeds { champion.needs }

  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    let record = record(snapshot)
    log(record)
    return record.champion
  }

  /// What both say.
  public func record(_ snapshot: PortfolioSnapshot) -> ShadowRecord {
    let decision = champion.decide(snapshot)
    return ShadowRecord(decision, challenger.decide(snapshot), on: snapshot)
  }
}

/// What champion and challenger said about one request.
public struct ShadowRecord: Sendable, Hashable {
  public let champion: TriggerDecision
  /// No action where it was none that can be carried out.
  public let challenger: TriggerDecision
  /// What is wrong with the challenger's answer; `nil` for a decision.
  public let fault: String?

  /// - Parameter snapshot: what both were asked about.
  public init(
    _ champion: TriggerDecision, _ challenger: TriggerDecision, on snapshot: PortfolioSnapshot
  ) {
    self.champion = champion
    fault = challenger.fault(assets: snapshot.assets.count)
    self.challenger = fault == nil ? challenger : .noAction("the challenger's answer is none")
  }

  /// Whether they would not have traded the same.
  public var isDisagreement: Bool {
    let isSame =
      champion.action == challenger.action && champion.fraction == challenger.fraction
      && champion.destination == challenger.destination
    return fault == nil && !isSame
  }

  /// The two actions, for counting: `NO_ACTION → REBALANCE_FULL`.
  public var kind: String {
    let (first, second) = (champion.action, challenger.action)
    return first == second
      ? "\(first.rawValue), other size" : "\(first.rawValue) → \(second.rawValue)"
  }
}

extension TriggerDecision {
  /// Why it cannot be carried out; `nil` where it can.
  fileprivate func fault(assets: Int) -> String? {
    if codes.contains(.invalidInput) || reasons.first?.hasPrefix("invalid_input") == true {
      return reasons.first
    }
    guard (0...1).contains(fraction) || destination != nil else {
      return "\(fraction) is no fraction of the way"
    }
    guard let destination else { return nil }
    guard destination.count == assets, destination.allSatisfy({ $0 >= 0 && $0.isFinite }),
      abs(destination.reduce(0, +) - 1) < 1e-6
    else { return "\(destination) are no weights" }
    return nil
  }
}
