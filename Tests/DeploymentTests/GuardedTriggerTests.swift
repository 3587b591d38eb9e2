import Algebra
import Deployment
import Foundation
import Markets
import Rebalancing
import Testing

/// Answers what it is told to, and nothing else.
private struct Says: Trigger {
  var name: String { "says" }
  var decision: TriggerDecision
  func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision { decision }
}

private let day = CalendarDate(daysSinceEpoch: 20_000)
private let assets = ["A", "B", "C"]

private func snapshot(
  _ change: (inout PortfolioSnapshot) throws -> Void = { _ in }
) rethrows -> PortfolioSnapshot {
  var snapshot = PortfolioSnapshot(
    date: day, assets: assets, holdings: [600, 300, 100], targets: [0.4, 0.4, 0.2],
    lastTrade: day.adding(days: -10), lastLogReturns: [0.01, 0, -0.01])
  snapshot.requestedOn = UTCTime(day)
  try change(&snapshot)
  return snapshot
}

private func guarded(
  _ decision: TriggerDecision = TriggerDecision(fraction: 1),
  _ change: (inout GuardSettings) -> Void = { _ in }
) throws -> GuardedTrigger {
  var settings = GuardSettings(fallback: "rule:never")
  change(&settings)
  return try GuardedTrigger(Says(decision: decision), settings: settings, assets: assets)
}

/// v − w of a decision.
private func trades(_ decision: TriggerDecision, _ snapshot: PortfolioSnapshot) -> [Double] {
  let weights = snapshot.weights
  if decision.action == .none { return weights.map { _ in 0 } }
  return weights.indices.map { i in
    decision.destination.map { $0[i] - weights[i] }
      ?? decision.fraction * (snapshot.targets[i] - weights[i])
  }
}

@Suite struct GuardedTriggerTests {
  @Test func `a plain decision passes as it is`() throws {
    for decision in [
      TriggerDecision(fraction: 0.3, reasons: ["x"], scores: [1, 2]), .immediate("now"),
      TriggerDecision(
        destination: [0.5, 0.4, 0.1], from: [0.6, 0.3, 0.1], targets: [0.4, 0.4, 0.2]),
    ] {
      #expect(try guarded(decision).decide(snapshot()) == decision)
    }
  }

  static let refused: [(String, ReasonCode, @Sendable (inout PortfolioSnapshot) -> Void)] = [
    ("percent for fractions", .schema, { $0.targets = [40, 40, 20] }),
    ("a missing holding", .schema, { $0.holdings = [600, 300] }),
    ("a price of NaN", .notFinite, { $0.prices = [1, .nan, 1] }),
    ("a holding of NaN", .notFinite, { $0.holdings[1] = .nan }),
    ("an infinite fact", .notFinite, { $0.facts = ["volatility_index": [.infinity]] }),
    ("a frozen asset that is not there", .schema, { $0.controls = TradingControls(frozen: "X") }),
    ("a snapshot of five days ago", .stale, { $0.requestedOn = UTCTime(day.adding(days: 5)) }),
    ("a request before its snapshot", .schema, { $0.requestedOn = UTCTime(day.adding(days: -1)) }),
    ("a price of five days ago", .stale, { $0.priceDates = [day, day.adding(days: -5), day] }),
    ("a price of nothing", .missingPrice, { $0.prices = [1, 0, 1] }),
    (
      "a price that was nothing", .missingPrice,
      {
        $0.prices = [1, 1, 1]
        $0.previousPrices = [1, -1, 1]
      }
    ),
    (
      "a tenfold price", .priceGlitch,
      {
        $0.prices = [1, 10, 1]
        $0.previousPrices = [1, 1, 1]
      }
    ),
    (
      "a tenth of a price", .priceGlitch,
      {
        $0.prices = [1, 0.1, 1]
        $0.previousPrices = [1, 1, 1]
      }
    ),
    (
      "returns in percent", .inconsistent,
      {
        $0.prices = [1.01, 1, 0.99]
        $0.previousPrices = [1, 1, 1]
        $0.lastLogReturns = [1, 0, -1]
      }
    ),
  ]

  @Test(arguments: refused.indices)
  func `what is no valid request is refused, and never reaches policy or fallback`(
    index: Int
  ) throws {
    let (name, code, change) = Self.refused[index]
    // Even the kill switch is not asked: a request that cannot be read says nothing.
    let guarded = try guarded(.immediate("now")) { $0.fallback = "rule:always" }
    let snapshot = snapshot(change)
    #expect(guarded.refusal(of: snapshot)?.code == code, "\(name)")
    let decision = guarded.decide(snapshot)
    #expect(decision.action == .none)
    #expect(decision.codes == [.invalidInput, code], "\(name)")
    #expect(decision.reasons.first?.hasPrefix("invalid_input: ") == true)
  }

  @Test func `a dividend lies between return and prices, a loss does not`() throws {
    let guarded = try guarded()
    var request = snapshot()
    (request.prices, request.previousPrices) = ([98, 100, 99], [100, 100, 100])
    request.lastLogReturns = [Double.log(0.98) + 0.03, 0, Double.log(0.99)]
    #expect(guarded.refusal(of: request) == nil)
    request.lastLogReturns = [Double.log(0.98) - 0.001, 0, Double.log(0.99)]
    #expect(guarded.refusal(of: request)?.code == .inconsistent)
  }

  @Test func `prices are needed where the settings say so`() throws {
    let guarded = try guarded { $0.requiresPrices = true }
    #expect(guarded.refusal(of: snapshot())?.code == .missingPrice)
    #expect(guarded.refusal(of: snapshot { $0.prices = [1, 2, 3] }) == nil)
  }

  @Test func `kill switch and pause stop even what is immediate`() throws {
    let guarded = try guarded(.immediate("crisis"))
    var controls = TradingControls()
    controls.pullKillSwitch(
      try ControlAct(at: UTCTime(day.adding(days: -300)), by: "ada", reason: "prices are wrong"))
    let killed = guarded.decide(snapshot { $0.controls = controls })
    #expect(killed.action == .none)
    #expect(killed.codes == [.killSwitch])
    #expect(killed.reasons[0].contains("ada: prices are wrong"))
    var pausing = TradingControls()
    try pausing.begin(
      Pause(
        from: UTCTime(day), until: UTCTime(day.adding(days: 3)), by: "ada", reason: "an outage"))
    #expect(guarded.decide(snapshot { $0.controls = pausing }).codes == [.pause])
    let later = snapshot {
      $0.controls = pausing
      $0.requestedOn = UTCTime(day.adding(days: 3))
    }
    #expect(guarded.decide(later).action == .immediate)
  }

  @Test func `an immediate decision ignores minimum days, others wait`() throws {
    for (decision, days, isHeard) in [
      (TriggerDecision(fraction: 1), 11, false), (TriggerDecision(fraction: 1), 10, true),
      (.immediate("crisis"), 11, true),
    ] {
      var controls = TradingControls()
      controls.minimumDays = days
      for guarded in [
        try guarded(decision), try guarded(decision) { $0.minimumDays = days },
      ] {
        let own = guarded.settings.minimumDays == 0 ? controls : nil
        let found = guarded.decide(snapshot { $0.controls = own })
        #expect((found.action != .none) == isHeard)
        #expect(found.codes == (isHeard ? [] : [.minimumDays]))
      }
    }
  }

  @Test func `a frozen asset is not traded, even at once, and the others balance`() throws {
    let guarded = try guarded(.immediate("crisis"))
    let request = snapshot { $0.controls = TradingControls(frozen: "B") }
    let decision = guarded.decide(request)
    #expect(decision.action == .partial)
    #expect(decision.codes == [.frozen])
    let trades = trades(decision, request)
    #expect(abs(trades[0] + 0.1) < 1e-12)
    #expect(trades[1] == 0)
    #expect(abs(trades[2] - 0.1) < 1e-12)
    let all = guarded.decide(snapshot { $0.controls = TradingControls(frozen: "A", "B") })
    #expect(all.action == .none)
    #expect(all.codes == [.frozen])
  }

  @Test func `an asset with a band of its own waits for it, and a held one is not sold`() throws {
    let guarded = try guarded()
    var controls = TradingControls()
    controls.overrides = ["B": .init(band: 0.11)]
    let inside = snapshot { $0.controls = controls }
    #expect(trades(guarded.decide(inside), inside)[1] == 0)
    controls.overrides = ["B": .init(band: 0.09)]
    #expect(guarded.decide(snapshot { $0.controls = controls }).action == .full)
    controls.overrides = ["A": .init(hold: true)]
    let held = guarded.decide(snapshot { $0.controls = controls })
    #expect(held.action == .none)
    #expect(held.codes == [.override])
  }

  @Test func `no asset is bought beyond the limit, and a breach is said even where nothing trades`()
    throws
  {
    let guarded = try guarded { $0.maximumWeight = 0.35 }
    let request = snapshot()
    let decision = guarded.decide(request)
    let trades = trades(decision, request)
    #expect(abs(trades[1] - 0.05) < 1e-12)
    #expect(abs(trades[0] + 0.15) < 1e-12)
    #expect(decision.codes == [.concentration])
    let idle = try DeploymentTests.guarded(.noAction("fine")) { $0.maximumWeight = 0.35 }
    let said = idle.decide(request)
    #expect(said.codes == [.concentration])
    #expect(said.reasons.contains { $0.contains("A is 0.6") })
  }

  @Test func `defensive mode trades large deviations only, and in part`() throws {
    var controls = TradingControls()
    controls.defensive = .init(distance: 0.2, fraction: 0.5)
    let request = snapshot { $0.controls = controls }
    #expect(abs(request.deviations[0] - 0.2) < 1e-12)
    controls.defensive?.distance = 0.21
    let small = snapshot { $0.controls = controls }
    #expect(try guarded().decide(small).codes == [.defensive])
    #expect(try guarded(.immediate("crisis")).decide(small).fraction == 0.5)
    controls.defensive?.distance = 0.19
    let half = try guarded().decide(snapshot { $0.controls = controls })
    #expect(half.fraction == 0.5)
    #expect(half.codes == [.defensive])
  }

  @Test func `a fallback that needs more than every request brings is refused`() throws {
    for rule in [
      "rule:closed_form", "rule:event(0.05,index=30)", "rule:nothing",
      "rule:any(band(0.05),delay(band(0.1),days=3))", "rule:severity(0.05,crisis=30)",
    ] {
      #expect(throws: RuleError.self, "\(rule)") { try guarded { $0.fallback = rule } }
    }
    _ = try guarded { $0.fallback = "rule:any(calendar(annual),band(0.05,to=half))" }
  }

  @Test func `a guard vetoes or shrinks, and never makes a trade larger`() throws {
    let source = RandomSource(seed: 9)
    var (changed, vetoed) = (0, 0)
    for k in 0..<20_000 {
      var draw = 0
      func u() -> Double {
        draw += 1
        return source.uniform(.evaluation, copy: UInt32(k), draw: draw)
      }
      let (request, decision) = try Self.random(u)
      let free = trades(decision, request)
      let found = try guarded(decision).decide(request)
      let left = trades(found, request)
      #expect(found.action <= decision.action)
      #expect(abs(left.reduce(0, +)) < 1e-9)
      for i in left.indices {
        let isShrunk = left[i] * free[i] >= -1e-15 && abs(left[i]) <= abs(free[i]) + 1e-12
        #expect(isShrunk, "\(k): \(free) became \(left)")
      }
      if found != decision { changed += 1 }
      if found.action == .none { vetoed += 1 }
    }
    // The controls of the draw do speak, and do not always.
    #expect(changed > 5_000 && changed < 20_000)
    #expect(vetoed > 2_000 && vetoed < 18_000)
  }

  /// A request with random holdings and controls, and a random decision on it.
  private static func random(
    _ u: () -> Double
  ) throws -> (PortfolioSnapshot, TriggerDecision) {
    let holdings = assets.map { _ in u() < 0.1 ? 0 : u() }
    var request = snapshot { $0.holdings = holdings.reduce(0, +) > 0 ? holdings : [1, 1, 1] }
    var controls = TradingControls(frozen: assets.filter { _ in u() < 0.2 })
    for asset in assets where u() < 0.3 {
      controls.overrides[asset] = .init(
        band: u() < 0.5 ? 0.4 * u() : nil, frozen: u() < 0.2, hold: u() < 0.3)
    }
    if u() < 0.4 { controls.maximumWeight = u() }
    if u() < 0.3 { controls.defensive = .init(distance: 0.3 * u(), fraction: u()) }
    if u() < 0.2 { controls.minimumDays = Int(30 * u()) }
    request.controls = controls
    let goal = assets.map { _ in u() + 1e-3 }
    let sum = goal.reduce(0, +)
    let decision =
      u() < 0.4
      ? TriggerDecision(
        destination: goal.map { $0 / sum }, from: request.weights, targets: request.targets)
      : u() < 0.3 ? .immediate("crisis") : TriggerDecision(fraction: u())
    return (request, decision)
  }

  @Test func `settings are read as they are written, and nothing else is`() throws {
    var settings = GuardSettings(fallback: "rule:band(0.05)")
    settings.assets = assets
    settings.outOfDistribution = try OutOfDistribution(
      names: ["x", "y"], samples: (0..<50).map { [Float($0), Float($0 % 2)] })
    let text = String(decoding: try settings.encoded(), as: UTF8.self)
    #expect(try JSONDecoder().decode(GuardSettings.self, from: Data(text.utf8)) == settings)
    for (old, new) in [
      ("\"fallback\"", "\"fall_back\""), ("\"price_ratio\" : 4", "\"price_ratio\" : 1"),
      ("\"factor\" : [", "\"factor\" : [ 1,"), ("\"distance\"", "\"distances\""),
    ] {
      #expect(text.contains(old))
      let changed = Data(text.replacingOccurrences(of: old, with: new).utf8)
      #expect(throws: DecodingError.self, "\(old)") {
        try JSONDecoder().decode(GuardSettings.self, from: changed)
      }
    }
  }
}

extension TradingControls {
  init(frozen: String...) { self.init(frozen: frozen) }
  init(frozen: [String]) {
    self.init()
    self.frozen = frozen
  }
}
