import Markets
import Rebalancing
import Testing

@Suite struct WaitingTests {
  /// The first asset is overweight and the trade would sell it.
  private func decision(
    _ rule: String = "delay(band(0.05),days=30)", trend: [Double], since: String? = nil,
    holdings: [Double] = [0.6, 0.4]
  ) throws -> TriggerDecision {
    try decide(
      rule, holdings, facts: [.trend: trend], today: "2024-06-10", waitingSince: since)
  }

  @Test func `it waits while what it would sell is rising, and trades when that ends`() throws {
    let rising = try decision(trend: [0.001, 0])
    #expect(rising.action == .none && rising.isWaiting)
    let falling = try decision(trend: [-0.001, 0])
    #expect(falling.action == .full && !falling.isWaiting)
    // A trend of nothing is against no trade.
    #expect(try decision(trend: [0.001, 0.001]).action == .full)
    #expect(try decision(trend: [0.001, 0.002]).action == .full)
  }

  @Test func `it waits for so many days and no more`() throws {
    #expect(try decision(trend: [0.001, 0], since: "2024-05-11").isWaiting)
    let late = try decision(trend: [0.001, 0], since: "2024-05-10")
    #expect(late.action == .full && !late.isWaiting)
    #expect(late.reasons.last == "put off for 31 days, more than 30")
  }

  @Test func `there is nothing to wait for without a trade, nor when it is urgent`() throws {
    let quiet = try decision(trend: [0.001, 0], holdings: [0.5, 0.5])
    #expect(quiet.action == .none && !quiet.isWaiting)
    let urgent = try decision("delay(severity(0.05,total=0.1),days=30)", trend: [0.001, 0])
    #expect(urgent.action == .immediate && !urgent.isWaiting)
  }

  @Test func `who asks several rules waits only if none trades`() throws {
    let both = try decision("any(delay(band(0.05),days=30),always)", trend: [0.001, 0])
    #expect(both.action == .full && !both.isWaiting)
    let one = try decision("any(delay(band(0.05),days=30),never)", trend: [0.001, 0])
    #expect(one.action == .none && one.isWaiting)
  }

  @Test func `the environment remembers since when, and forgets`() throws {
    let rule = try RuleCatalog.rule("delay(always,days=10000)", for: try smallTask(horizon: 300))
    var environment = RebalancingEnvironment<Double>(
      try smallTask(horizon: 300).informing(rule))
    _ = environment.reset(seed: 4)
    var since: CalendarDate?
    var (waits, trades) = (0, 0)
    while !environment.hasEnded {
      let snapshot = environment.snapshot
      #expect(snapshot.waitingSince == since)
      let decision = rule.decide(snapshot)
      since = decision.isWaiting ? since ?? snapshot.date : nil
      waits += decision.isWaiting ? 1 : 0
      trades += decision.action == .full ? 1 : 0
      _ = environment.advance(decision)
    }
    #expect(waits > 50 && trades > 10, "\(waits), \(trades)")
    _ = environment.reset(seed: 5)
    #expect(environment.snapshot.waitingSince == nil)
  }

  @Test func `a wait that begins tomorrow is refused`() throws {
    let portfolio = try snapshot([1, 1], [0.5, 0.5], waitingSince: "2024-06-11")
    #expect(
      portfolio.defect == "waiting_since: 2024-06-11 is after the decision's date 2024-06-10")
  }
}
