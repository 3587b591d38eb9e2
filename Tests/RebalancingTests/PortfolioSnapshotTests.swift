import Foundation
import Markets
import Rebalancing
import Testing

/// A change to a valid snapshot and the defect it makes.
struct DefectCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let defect: String?
  let change: @Sendable (inout PortfolioSnapshot) -> Void

  init(
    _ name: String, _ defect: String?,
    _ change: @escaping @Sendable (inout PortfolioSnapshot) -> Void
  ) {
    testDescription = name
    self.defect = defect
    self.change = change
  }
}

private let defects = [
  DefectCase("nothing", nil) { _ in },
  DefectCase("no memory", nil) {
    $0.lastTrade = nil
    $0.basis = nil
    $0.lastLogReturns = nil
  },
  DefectCase("traded today", nil) { $0.lastTrade = $0.date },
  DefectCase("an asset without holding", nil) { $0.holdings = [100, 0] },
  DefectCase("targets off by rounding", nil) { $0.targets = [0.6, 0.4 + 1e-10] },
  DefectCase("one asset", "assets: 1 given, at least 2 are needed") { $0.assets = ["A"] },
  DefectCase("no name", "assets[1]: empty, a name is needed") { $0.assets = ["A", " "] },
  DefectCase("a name twice", "assets: a name stands twice") { $0.assets = ["A", "A"] },
  DefectCase("too few holdings", "holdings: 1 numbers for 2 assets") { $0.holdings = [100] },
  DefectCase("too many targets", "target_weights: 3 numbers for 2 assets") {
    $0.targets = [0.5, 0.25, 0.25]
  },
  DefectCase("too few bases", "basis: 0 numbers for 2 assets") { $0.basis = [] },
  DefectCase("too many returns", "last_log_returns: 3 numbers for 2 assets") {
    $0.lastLogReturns = [0, 0, 0]
  },
  DefectCase("a holding that is no number", "holdings[1] (B): nan is not a finite number") {
    $0.holdings[1] = .nan
  },
  DefectCase("an infinite target", "target_weights[0] (A): inf is not a finite number") {
    $0.targets[0] = .infinity
  },
  DefectCase("a basis that is no number", "basis[0] (A): nan is not a finite number") {
    $0.basis = [.nan, 1]
  },
  DefectCase("an infinite return", "last_log_returns[1] (B): -inf is not a finite number") {
    $0.lastLogReturns = [0, -.infinity]
  },
  DefectCase("a negative holding", "holdings[0] (A): -1.0 is negative") { $0.holdings[0] = -1 },
  DefectCase("a negative basis", "basis[0] (A): -1.0 is negative") { $0.basis = [-1, 1] },
  DefectCase("no value", "holdings: they sum to 0.0, a positive finite value is needed") {
    $0.holdings = [0, 0]
  },
  DefectCase(
    "a value beyond numbers", "holdings: they sum to inf, a positive finite value is needed"
  ) {
    $0.holdings = [1e308, 1e308]
  },
  DefectCase("a negative target", "target_weights[1] (B): -0.5 is negative") {
    $0.targets = [1.5, -0.5]
  },
  DefectCase("targets below 1", "target_weights: they sum to 0.75, not to 1") {
    $0.targets = [0.5, 0.25]
  },
  DefectCase(
    "a trade in the future", "last_trade: 2024-03-16 is after the decision's date 2024-03-15"
  ) { $0.lastTrade = $0.date.adding(days: 1) },
]

@Suite struct PortfolioSnapshotTests {
  private func valid() throws -> PortfolioSnapshot {
    let date = try #require(CalendarDate(iso: "2024-03-15"))
    return PortfolioSnapshot(
      date: date, assets: ["A", "B"], holdings: [75, 25], targets: [0.6, 0.4],
      lastTrade: date.adding(days: -30), basis: [50, 30], lastLogReturns: [0.01, -0.02])
  }

  @Test(arguments: defects)
  func `a defect names its field`(_ example: DefectCase) throws {
    var snapshot = try valid()
    example.change(&snapshot)
    #expect(snapshot.defect == example.defect)
  }

  @Test func `weights are shares of the value`() throws {
    let snapshot = try valid()
    #expect(snapshot.value == 100)
    #expect(snapshot.weights == [0.75, 0.25])
    #expect(zip(snapshot.deviations, [0.15, -0.15]).allSatisfy { isClose($0, $1, 1e-15) })
  }

  @Test func `a snapshot survives JSON`() throws {
    var snapshot = try valid()
    snapshot.facts = ["steps_left": [0.5]]
    snapshot.waitingSince = snapshot.date
    let data = try JSONEncoder().encode(snapshot)
    #expect(try JSONDecoder().decode(PortfolioSnapshot.self, from: data) == snapshot)
    let keys = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any]).keys
    // What is absent is left out; the further fields have tests of their own.
    #expect(keys.count == 9 && Set(keys).isSubset(of: PortfolioSnapshot.fieldNames))
  }
}
