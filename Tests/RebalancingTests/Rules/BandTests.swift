import Rebalancing
import Testing

// One sixteenth off the target is a number without rounding; its neighbour is one unit away.
private let edge = 0.5625

/// A portfolio and what a rule says of it.
private struct Case: Sendable, CustomTestStringConvertible {
  var name: String
  var rule: String
  var holdings: [Double]
  var targets = [0.5, 0.5]
  var facts: [Fact: [Double]] = [:]
  var action: TriggerDecision.Action
  var fraction: Double?
  var testDescription: String { "\(rule): \(name)" }
}

private let third = [0.25, 0.25, 0.5]
private let cases = [
  Case(
    name: "its own tolerance, exactly at it", rule: "band(0.25,ASSET1=0.0625)",
    holdings: [edge, 1 - edge], action: .none),
  Case(
    name: "its own tolerance, one unit beyond", rule: "band(0.25,ASSET1=0.0625)",
    holdings: [1 - edge, edge.nextUp], action: .full),
  Case(
    name: "the other asset has the wide band", rule: "band(0.25,ASSET1=0.125)",
    holdings: [0.375, 0.5, 0.125], targets: [0.25, 0.5, 0.25], action: .none),
  Case(
    name: "a tolerance of nothing", rule: "band(0.25,ASSET1=0)", holdings: [0.375, 0.5, 0.125],
    targets: [0.25, 0.5, 0.25], action: .none),
  Case(
    name: "to the edge of one's own band", rule: "band(0.25,ASSET0=0.125,to=edge)",
    holdings: [0.75, 0.25], action: .partial, fraction: 0.5),
  Case(
    name: "half-way into one's own band", rule: "band(0.25,ASSET0=0.125,to=half)",
    holdings: [0.75, 0.25], action: .partial, fraction: 0.75),
  Case(
    name: "the edge of a common band", rule: "band(0.125,to=edge)", holdings: [0.75, 0.25],
    action: .partial, fraction: 0.5),
  Case(
    name: "half of a common band", rule: "band(0.125,to=half)", holdings: [0.75, 0.25],
    action: .partial, fraction: 0.75),
  Case(
    name: "200/175, in sixteenths", rule: "band(0.125,to=0.0625)", holdings: [0.75, 0.25],
    action: .partial, fraction: 0.75),
  Case(
    name: "a relative tolerance of its own", rule: "relative_band(1,ASSET0=0.125)",
    holdings: [edge.nextUp, 1 - edge], action: .full),
  Case(
    name: "a relative tolerance of its own, at it", rule: "relative_band(1,ASSET0=0.125)",
    holdings: [edge, 1 - edge], action: .none),
  Case(
    name: "5/25: the large asset at the absolute band", rule: "combined_band(0.0625,0.25)",
    holdings: [0.25, 0.1875, edge], targets: third, action: .none),
  Case(
    name: "5/25: the large asset beyond it", rule: "combined_band(0.0625,0.25)",
    holdings: [0.25, 0.1875, edge.nextUp], targets: third, action: .full),
  Case(
    name: "5/25: the small asset beyond its share", rule: "combined_band(0.125,0.125)",
    holdings: [0.3125, 0.1875, 0.5], targets: third, action: .full),
  Case(
    name: "5/25: the small asset at its share", rule: "combined_band(0.125,0.25)",
    holdings: [0.3125, 0.1875, 0.5], targets: third, action: .none),
  Case(
    name: "a holding without a target", rule: "combined_band(0.5,0.5)",
    holdings: [0.5, 0.49, 0.01], targets: [0.5, 0.5, 0], action: .full),
  Case(
    name: "at twice the volatility's band", rule: "volatility_band(0.25)",
    holdings: [edge, 1 - edge], facts: [.volatility: [0.25, 0.25]], action: .none),
  Case(
    name: "beyond the volatility's band", rule: "volatility_band(0.25)",
    holdings: [edge.nextUp, 1 - edge], facts: [.volatility: [0.25, 0.25]], action: .full),
  Case(
    name: "the calm asset's band is narrow", rule: "volatility_band(0.25)",
    holdings: [edge, 1 - edge], facts: [.volatility: [0.5, 0.125]], action: .full),
  Case(
    name: "the same portfolio in a storm", rule: "volatility_band(0.25)",
    holdings: [0.625, 0.375], facts: [.volatility: [0.5, 0.5]], action: .none),
  Case(
    name: "a part of the way", rule: "partial(0.25)", holdings: [0.75, 0.25], action: .partial,
    fraction: 0.25),
  Case(
    name: "a part of no way", rule: "partial(0.25)", holdings: [0.5, 0.5], action: .none),
]

@Suite struct BandTests {
  @Test(arguments: cases)
  private func `a band holds to its threshold and no farther`(_ example: Case) throws {
    let decision = try decide(
      example.rule, example.holdings, example.targets, facts: example.facts)
    #expect(decision.action == example.action)
    let fraction = example.fraction ?? (example.action == .none ? 0 : 1)
    #expect(decision.fraction == fraction)
  }

  @Test func `the smallest trade brings every asset inside its band`() throws {
    let (holdings, targets) = ([0.30, 0.33, 0.37], [0.2, 0.3, 0.5])
    let decision = try decide("band(0.05,ASSET0=0.02,ASSET2=0.1,to=edge)", holdings, targets)
    let left = zip(holdings, targets).map { abs($0 - $1) * (1 - decision.fraction) }
    #expect(isClose(left[0], 0.02, 1e-12) && left[1] < 0.05 && left[2] < 0.1)
  }

  @Test func `a taxed task has the wider band`() throws {
    let portfolio = [0.57, 0.43]
    #expect(try decide("taxable_band(0.05,0.08)", portfolio).action == .full)
    var taxed = try restlessTask()
    taxed.tax = .averageCost(rate: 0.2)
    #expect(try decide("taxable_band(0.05,0.08)", portfolio, in: taxed).action == .none)
    #expect(try decide("taxable_band(0.05,0.08)", [0.59, 0.41], in: taxed).action == .full)
    let edge = try decide("taxable_band(0.05,0.08,to=edge)", [0.66, 0.34], in: taxed)
    #expect(isClose(edge.fraction, 0.5, 1e-12))
  }
}
