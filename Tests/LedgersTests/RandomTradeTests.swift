import Ledgers
import Testing

private let rates = TaxRates(shortTerm: 0.35, longTerm: 0.15)
private let accounts = [taxable, other, ira]
private let selections: [LotSelection] = [.fifo, .lifo, .hifo, .minimumTax(rates), .averageCost]

/// Trades of random days, one to four a day, that a ledger accepts.
private struct RandomTrades {
  var dice: Dice
  var day = Day(daysSinceEpoch: 19_000)
  var selections: [LotSelection]

  init(seed: UInt64, selections: [LotSelection] = RandomTradeTests.all) {
    dice = Dice(seed: seed)
    self.selections = selections
  }

  mutating func next(for ledger: Ledger) -> [Fill] {
    day = day.adding(days: Int.random(in: 1...25, using: &dice))
    var held: [String: Int] = [:]
    var fills: [Fill] = []
    for _ in 0..<Int.random(in: 1...4, using: &dice) {
      let account = accounts.randomElement(using: &dice) ?? taxable
      let asset = Bool.random(using: &dice) ? "A" : "B"
      let place = account.name + asset
      let units = held[place] ?? Int(ledger.units(of: asset, in: account).rounded())
      let price = Double(Int.random(in: 50...150, using: &dice)) + 0.37
      let fee = Double(Int.random(in: 0...3, using: &dice))
      if units > 0, Bool.random(using: &dice) {
        let sold = Int.random(in: 1...units, using: &dice)
        held[place] = units - sold
        let selection = selections.randomElement(using: &dice) ?? .fifo
        fills.append(
          Fill(.sell(selection), units: Double(sold), of: asset, at: price, fee: fee, in: account))
      } else {
        let bought = Int.random(in: 1...9, using: &dice)
        held[place] = units + bought
        fills.append(Fill(.buy, units: Double(bought), of: asset, at: price, fee: fee, in: account))
      }
    }
    return fills
  }
}

@Suite struct RandomTradeTests {
  fileprivate static let all = selections
  private static let group = ["A": "index", "B": "index"]

  @Test(arguments: 1...20)
  func `keeps every unit and every cent after every operation`(seed: Int) throws {
    var ledger = Ledger(identical: Self.group)
    var trades = RandomTrades(seed: UInt64(seed))
    var paid = 0.0
    var received = 0.0
    var balance: [String: Double] = [:]
    for _ in 0..<60 {
      let fills = trades.next(for: ledger)
      try ledger.trade(fills, on: trades.day)
      for fill in fills {
        let isBuy = fill.side == .buy
        balance[fill.account.name + fill.asset, default: 0] += isBuy ? fill.units : -fill.units
        if isBuy { paid += fill.units * fill.price + fill.fee }
        if !isBuy { received += fill.units * fill.price - fill.fee }
      }
      for account in accounts {
        for asset in ["A", "B"] {
          let units = ledger.units(of: asset, in: account)
          #expect(abs(units - (balance[account.name + asset] ?? 0)) < 1e-9)
        }
      }
      let adjustments = ledger.realized.reduce(0) { $0 + $1.disallowed - $1.lost }
      let sold = ledger.realized.reduce(0) { $0 + $1.basis }
      #expect(abs(ledger.bases.reduce(0, +) + sold - paid - adjustments) < 1e-6)
      #expect(abs(ledger.realized.reduce(0) { $0 + $1.proceeds } - received) < 1e-6)
      checkRows(of: ledger)
    }
    #expect(ledger.realized.contains { $0.disallowed > 0 })
    #expect(ledger.realized.contains { $0.lost > 0 })
  }

  /// No more than the loss is disallowed, and the years hold what the rows hold.
  private func checkRows(of ledger: Ledger) {
    for row in ledger.realized {
      #expect(row.disallowed >= 0 && row.disallowed <= max(0, -row.gain))
      #expect(row.lost >= 0 && row.lost <= row.disallowed)
      #expect(row.account.kind == .taxable || row.disallowed == 0)
    }
    for (year, totals) in ledger.years {
      let rows = ledger.realized.filter { $0.sold.year == year && $0.account.kind == .taxable }
      for term in HoldingTerm.allCases {
        let sum = rows.filter { $0.term == term }.reduce(0) { $0 + $1.recognized }
        #expect(abs(totals.gains[term] - sum) < 1e-6)
      }
      #expect(abs(totals.disallowed - rows.reduce(0) { $0 + $1.disallowed }) < 1e-6)
    }
  }

  @Test(arguments: 1...20)
  func `replaces with each bought unit at most once`(seed: Int) throws {
    var ledger = Ledger(identical: Self.group)
    var trades = RandomTrades(seed: UInt64(100 + seed))
    var bought: [Int: Double] = [:]
    for _ in 0..<60 {
      let fills = trades.next(for: ledger)
      for fill in fills where fill.side == .buy { bought[bought.count + 1] = fill.units }
      let before = replaced(in: ledger)
      try ledger.trade(fills, on: trades.day)
      // Units that have replaced are held or sold, and never become free again.
      for (lot, units) in replaced(in: ledger) {
        #expect(units <= (bought[lot] ?? 0) + 1e-9)
        if !fills.contains(where: { $0.side != .buy }) { #expect(units >= before[lot] ?? 0) }
      }
    }
  }

  private func replaced(in ledger: Ledger) -> [Int: Double] {
    ledger.lots.filter(\.isReplacement).reduce(into: [:]) { $0[$1.id, default: 0] += $1.units }
  }

  @Test(arguments: 1...40)
  func `equals a book of single shares`(seed: Int) throws {
    // Average cost has no meaning for single shares.
    let selections = Array(selections.dropLast())
    var ledger = Ledger(identical: Self.group)
    var book = ShareBook()
    var trades = RandomTrades(seed: UInt64(200 + seed), selections: selections)
    var sales: [Int] = []
    for _ in 0..<60 {
      // One sale a day: the order of several is the ledger's own affair.
      var hasSale = false
      let fills = trades.next(for: ledger).filter { fill in
        defer { if fill.side != .buy { hasSale = true } }
        return fill.side == .buy || !hasSale
      }
      let rows = ledger.realized.count
      try ledger.trade(fills, on: trades.day)
      book.trade(fills, on: trades.day)
      if hasSale {
        let number = (sales.last ?? 0) + 1
        sales += Array(repeating: number, count: ledger.realized.count - rows)
      }
      try compare(ledger, sales, with: book)
    }
  }

  private func compare(_ ledger: Ledger, _ sales: [Int], with book: ShareBook) throws {
    var gains: [ShareBook.Row: Double] = [:]
    var disallowed: [ShareBook.Row: Double] = [:]
    for (row, sale) in zip(ledger.realized, sales) {
      let key = ShareBook.Row(sale: sale, lot: row.lot, term: row.term)
      gains[key, default: 0] += row.gain
      if row.disallowed > 0 { disallowed[key, default: 0] += row.disallowed }
    }
    try #require(Set(gains.keys) == Set(book.gains.keys))
    for (key, gain) in gains { #expect(abs(gain - (book.gains[key] ?? 0)) < 1e-6) }
    try #require(Set(disallowed.keys) == Set(book.disallowed.keys))
    for (key, loss) in disallowed { #expect(abs(loss - (book.disallowed[key] ?? 0)) < 1e-6) }
    let units = ledger.lots.flatMap { lot in
      Array(repeating: (lot.id, lot.basisPerUnit, lot.holdingFrom), count: Int(lot.units.rounded()))
    }
    try #require(units.count == book.shares.count)
    for (unit, share) in zip(units, book.shares) {
      #expect(unit.0 == share.lot && unit.2 == share.holdingFrom)
      #expect(abs(unit.1 - share.basis) < 1e-6)
    }
  }

  @Test(arguments: 1...40)
  func `does not depend on the order of the fills of a day`(seed: Int) throws {
    var (ledger, shuffled) = (
      Ledger(identical: Self.group), Ledger(identical: Self.group)
    )
    var trades = RandomTrades(seed: UInt64(300 + seed))
    for _ in 0..<60 {
      let fills = trades.next(for: ledger)
      try ledger.trade(fills, on: trades.day)
      // Purchases keep their order, and with it their ids; sales may stand anywhere.
      var others = fills.filter { $0.side == .buy }
      for sale in fills where sale.side != .buy {
        others.insert(sale, at: Int.random(in: 0...others.count, using: &trades.dice))
      }
      try shuffled.trade(others, on: trades.day)
      #expect(ledger.realized == shuffled.realized)
      #expect(ledger.lots == shuffled.lots)
      #expect(ledger.years == shuffled.years)
    }
  }

  @Test func `sells what was held before, whether the day's purchase comes first or last`() throws {
    let purchases = [
      Fill(.buy, units: 100, of: "A", at: 9, in: taxable),
      Fill(.buy, units: 70, of: "A", at: 7, in: other),
    ]
    for place in 0...2 {
      var fills = purchases
      fills.insert(Fill(.sell(.lifo), units: 150, of: "A", at: 8, in: taxable), at: place)
      var ledger = Ledger()
      try ledger.buy(100, for: 1_000, on: "2023-01-04")
      try ledger.trade(fills, on: day("2023-06-01"))
      #expect(ledger.realized.map(\.acquired.description) == ["2023-01-04", "2023-06-01"])
      #expect(ledger.realized.map(\.gain) == [-200, -50])
      // 120 units are still held: they replace the 100 of the older lot, and 20 of the other 50,
      // which the rest of their own lot cannot replace.
      #expect(ledger.realized.map(\.disallowed) == [200, 20])
    }
  }
}
