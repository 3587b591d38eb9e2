import Ledgers
import Testing

private let rates = TaxRates(shortTerm: 0.35, longTerm: 0.15)

/// A selection and the lots from which it sells 15 units.
struct SelectionCase: Sendable, CustomTestStringConvertible {
  let name: String
  let selection: LotSelection
  let lots: [Int]
  let units: [Double]
  var testDescription: String { name }
}

private let cases = [
  SelectionCase(name: "fifo", selection: .fifo, lots: [1, 2], units: [10, 5]),
  SelectionCase(name: "lifo", selection: .lifo, lots: [3, 4], units: [5, 10]),
  SelectionCase(name: "hifo", selection: .hifo, lots: [2, 3], units: [10, 5]),
  // Per unit: lot 1 long, gain 10, tax 1.5; lot 2 long, loss 10, tax −1.5; lot 3 short, gain 5, tax
  // 1.75; lot 4 short, gain 10, tax 3.5.
  SelectionCase(
    name: "minimum tax", selection: .minimumTax(rates), lots: [1, 2], units: [5, 10]),
  SelectionCase(
    name: "average cost", selection: .averageCost, lots: [1, 2], units: [10, 5]),
]

@Suite struct SelectionTests {
  /// Four lots of ten units; the price on the day of the sale is 20.
  private func ledger() throws -> Ledger {
    var ledger = Ledger()
    try ledger.buy(10, for: 100, on: "2021-01-04")
    try ledger.buy(10, for: 300, on: "2021-02-04")
    try ledger.buy(10, for: 150, on: "2023-01-04")
    try ledger.buy(10, for: 100, on: "2023-02-04")
    return ledger
  }

  @Test(arguments: cases)
  func `takes the lots of its rule`(_ rule: SelectionCase) throws {
    var ledger = try ledger()
    let rows = try ledger.sell(15, for: 300, on: "2023-06-01", selection: rule.selection)
    #expect(rows.map(\.lot) == rule.lots)
    #expect(rows.map(\.units) == rule.units)
    #expect(rows.map(\.proceeds) == rule.units.map { $0 * 20 })
  }

  @Test func `sells the lot that is named, and no other`() throws {
    var ledger = try ledger()
    let rows = try ledger.sell(7, for: 140, on: "2023-06-01", selection: .specific(lot: 3))
    #expect(rows.map(\.lot) == [3])
    #expect(rows[0].basis == 105)
    #expect(ledger.lots.map(\.units) == [10, 10, 3, 10])
  }

  @Test func `keeps a lot that is named from the other sales of the day`() throws {
    let sales = [
      Fill(.sell(.fifo), units: 10, of: "A", at: 30, in: taxable),
      Fill(.sell(.specific(lot: 1)), units: 10, of: "A", at: 20, in: taxable),
    ]
    for order in [sales, sales.reversed()] {
      var ledger = try ledger()
      try ledger.trade(order, on: day("2023-06-01"))
      #expect(ledger.realized.map(\.lot) == [1, 2])
      #expect(ledger.realized.map(\.proceeds) == [200, 300])
    }
  }

  @Test func `prefers the older lot where bases or taxes are equal`() throws {
    for selection in [LotSelection.hifo, .minimumTax(rates)] {
      var ledger = Ledger()
      for _ in 0..<3 { try ledger.buy(1, for: 10, on: "2023-01-04") }
      #expect(try ledger.sell(1, for: 20, on: "2023-06-01", selection: selection)[0].lot == 1)
    }
  }

  @Test func `takes the oldest lot in an IRA when tax is to be least`() throws {
    var ledger = Ledger()
    try ledger.buy(1, for: 10, on: "2023-01-04", in: ira)
    try ledger.buy(1, for: 30, on: "2023-01-05", in: ira)
    let rows = try ledger.sell(
      1, for: 20, on: "2023-06-01", in: ira, selection: .minimumTax(rates))
    #expect(rows[0].lot == 1)
  }

  @Test func `sells every unit of a fund at the average basis, the oldest first`() throws {
    var ledger = try ledger()
    let rows = try ledger.sell(15, for: 300, on: "2023-06-01", selection: .averageCost)
    #expect(rows.map(\.basis) == [162.5, 81.25])
    #expect(rows.map(\.term) == [.long, .long])
    #expect(ledger.bases == [81.25, 162.5, 162.5])
    // A purchase changes the average of what is left.
    try ledger.buy(15, for: 306.25, on: "2023-09-01")
    #expect(
      try ledger.sell(1, for: 20, on: "2023-09-04", selection: .averageCost)[0].basis == 17.8125)
  }

  @Test func `spreads fees over the units`() throws {
    var ledger = Ledger()
    try ledger.buy(10, of: "A", at: 10, fee: 5, in: taxable, on: day("2023-01-04"))
    try ledger.buy(10, of: "A", at: 10, fee: 5, in: taxable, on: day("2023-01-05"))
    let rows = try ledger.sell(20, of: "A", at: 12, fee: 4, in: taxable, on: day("2023-06-01"))
    #expect(rows.map(\.basis) == [105, 105])
    #expect(rows.map(\.proceeds) == [118, 118])
  }

  @Test func `sells all of 0.1 and 0.7 units as 0.8`() throws {
    var ledger = Ledger()
    try ledger.buy(0.1, for: 1, on: "2023-01-04")
    try ledger.buy(0.7, for: 7, on: "2023-01-05")
    try #require(0.1 + 0.7 < 0.8)
    try ledger.sell(0.8, for: 9, on: "2023-06-01")
    #expect(ledger.lots.isEmpty)
    try ledger.buy(0.1, for: 1, on: "2023-07-04")
    try ledger.buy(0.2, for: 2, on: "2023-07-05")
    try #require(0.1 + 0.2 > 0.3)
    try ledger.sell(0.3, for: 9, on: "2023-08-01")
    #expect(ledger.lots.isEmpty)
  }

  /// Tax of a sale at the rate of each term, losses counted in full.
  private func tax(_ rows: [RealizedSale]) -> Double {
    rows.reduce(0) { $0 + $1.gain * rates[$1.term] }
  }

  /// Every order of the numbers below `count`.
  private func orders(_ count: Int) -> [[Int]] {
    guard count > 0 else { return [[]] }
    return orders(count - 1).flatMap { order in
      (0...order.count).map { place in
        order[..<place] + [count - 1] + order[place...]
      }
    }
  }

  @Test(arguments: 1...4)
  func `pays no more tax than any other choice of lots`(count: Int) throws {
    var dice = Dice(seed: UInt64(count))
    for _ in 0..<200 {
      var ledger = Ledger()
      var units: [Double] = []
      for _ in 0..<count {
        units.append(Double(Int.random(in: 1...9, using: &dice)))
        let price = Double(Int.random(in: 1...40, using: &dice))
        let bought = try (ledger.lastDay ?? day("2021-06-01"))
          .adding(days: Int.random(in: 0...250, using: &dice))
        try ledger.buy(units[units.count - 1], of: "A", at: price, in: taxable, on: bought)
      }
      let sold = try day("2023-12-01")
      let asked = Double(Int.random(in: 1...Int(units.reduce(0, +)), using: &dice))
      var greedy = ledger
      let least = tax(
        Array(
          try greedy.sell(
            asked, of: "A", at: 20, in: taxable, on: sold, selection: .minimumTax(rates))))
      var best = Double.infinity
      // The best choice empties lots in some order: every order is tried.
      for order in orders(count) {
        var copy = ledger
        var open = asked
        for lot in order where open > 0 {
          let taken = min(open, units[lot])
          try copy.sell(
            taken, of: "A", at: 20, in: taxable, on: sold, selection: .specific(lot: lot + 1))
          open -= taken
        }
        best = min(best, tax(copy.realized))
      }
      #expect(abs(least - best) < 1e-9)
    }
  }
}
