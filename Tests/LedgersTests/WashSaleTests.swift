import Ledgers
import Testing

@Suite struct WashSaleTests {
  @Test func `moves the loss into the replacement (Publication 550, first example)`() throws {
    var ledger = Ledger()
    try ledger.buy(100, for: 1_000, on: "2023-01-10")
    try ledger.sell(100, for: 750, on: "2023-06-01")
    #expect(ledger.realized[0].recognized == -250)
    try ledger.buy(100, for: 800, on: "2023-06-20")
    #expect(ledger.realized[0].gain == -250)
    #expect(ledger.realized[0].disallowed == 250)
    #expect(ledger.realized[0].recognized == 0)
    #expect(ledger.bases == [1_050])
  }

  @Test func `is replaced by earlier purchases (Publication 550, second example)`() throws {
    var ledger = Ledger()
    try ledger.buy(100, for: 5_000, on: "2013-09-26")
    try ledger.buy(50, for: 2_750, on: "2013-12-19")
    try ledger.buy(25, for: 1_125, on: "2013-12-27")
    try ledger.sell(100, for: 4_000, on: "2014-01-09")
    #expect(ledger.realized.count == 1)
    #expect(ledger.realized[0].gain == -1_000)
    #expect(ledger.realized[0].disallowed == 750)
    #expect(ledger.realized[0].recognized == -250)
    #expect(ledger.bases == [3_250, 1_375])
  }

  @Test func `is replaced in order of purchase (Publication 550, third example)`() throws {
    var ledger = Ledger()
    try ledger.buy(100, for: 3_000, on: "2013-09-26")
    try ledger.sell(100, for: 2_000, on: "2014-02-06")
    for date in ["2014-02-11", "2014-02-12", "2014-02-13", "2014-02-14"] {
      try ledger.buy(50, for: 1_000, on: date)
    }
    #expect(ledger.realized[0].disallowed == 1_000)
    #expect(ledger.bases == [1_500, 1_500, 1_000, 1_000])
    #expect(ledger.lots.map(\.isReplacement) == [true, true, false, false])
  }

  @Test(arguments: [
    ("2023-05-01", 0.0), ("2023-05-02", 100), ("2023-06-01", 100), ("2023-07-01", 100),
    ("2023-07-02", 0),
  ])
  func `counts purchases within 30 days before and after the sale`(
    bought: String, disallowed: Double
  ) throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 300, on: "2022-01-03")
    if bought < "2023-06-01" { try ledger.buy(10, for: 200, on: bought) }
    try ledger.sell(10, for: 200, on: "2023-06-01")
    if bought >= "2023-06-01" { try ledger.buy(10, for: 200, on: bought) }
    #expect(ledger.realized[0].disallowed == disallowed)
    #expect(ledger.bases == [200 + disallowed])
  }

  @Test func `adds the holding period of what was sold to the replacement's`() throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 300, on: "2014-04-10")
    try ledger.sell(10, for: 200, on: "2014-06-10")
    try ledger.buy(10, for: 200, on: "2014-07-05")
    #expect(try ledger.lots[0].acquired == day("2014-07-05"))
    #expect(try ledger.lots[0].holdingFrom == day("2014-05-05"))
    #expect(try ledger.sell(5, for: 100, on: "2015-05-05")[0].term == .short)
    #expect(try ledger.sell(5, for: 100, on: "2015-05-06")[0].term == .long)
  }

  @Test func `carries loss and holding period through a chain of wash sales`() throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 1_000, on: "2023-01-02")
    try ledger.sell(10, for: 900, on: "2023-02-01")  // 30 days
    try ledger.buy(10, for: 850, on: "2023-02-11")
    try ledger.sell(10, for: 800, on: "2023-03-03")  // 20 days more
    try ledger.buy(10, for: 700, on: "2023-03-13")
    #expect(ledger.realized.map(\.recognized) == [0, 0])
    #expect(ledger.realized.map(\.disallowed) == [100, 150])
    #expect(ledger.bases == [850])
    #expect(try ledger.lots[0].holdingFrom == day("2023-03-13").adding(days: -50))
  }

  @Test func `splits a lot of which only some units replace`() throws {
    var ledger = Ledger()
    try ledger.buy(40, for: 800, on: "2022-01-03")
    try ledger.sell(40, for: 400, on: "2023-06-01")
    try ledger.buy(100, for: 1_000, on: "2023-06-10")
    #expect(ledger.lots.map(\.id) == [2, 2])
    #expect(ledger.lots.map(\.units) == [40, 60])
    #expect(ledger.bases == [800, 600])
    #expect(ledger.lots.map(\.isReplacement) == [true, false])
    #expect(try ledger.lots[1].holdingFrom == day("2023-06-10"))
    // Each part is sold with its own basis, term and result.
    let rows = try ledger.sell(100, for: 1_500, on: "2023-08-01")
    #expect(rows.map(\.lot) == [2, 2])
    #expect(rows.map(\.term) == [.long, .short])
    #expect(rows.map(\.gain) == [-200, 300])
  }

  @Test func `does not let the rest of a lot replace what was sold of it`() throws {
    var ledger = Ledger()
    try ledger.buy(100, for: 1_000, on: "2023-06-01")
    try ledger.sell(50, for: 400, on: "2023-06-10")
    #expect(ledger.realized[0].disallowed == 0)
    #expect(ledger.bases == [500])
  }

  @Test func `does not let units replace that are gone, or that are sold with the loss`() throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 300, on: "2023-01-03")
    try ledger.buy(10, for: 100, on: "2023-06-01")
    try ledger.buy(10, for: 100, on: "2023-06-02")
    try ledger.sell(10, for: 150, on: "2023-06-05", selection: .specific(lot: 2))
    try ledger.sell(20, for: 400, on: "2023-06-10")
    #expect(ledger.realized.map(\.lot) == [2, 1, 3])
    #expect(ledger.realized.map(\.recognized) == [50, -100, 100])
  }

  @Test func `replaces with each bought unit once, the first sale first`() throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 200, on: "2023-01-03")
    try ledger.buy(10, for: 300, on: "2023-01-04")
    try ledger.sell(10, for: 100, on: "2023-06-01")
    try ledger.sell(10, for: 100, on: "2023-06-05")
    try ledger.buy(15, for: 150, on: "2023-06-20")
    #expect(ledger.realized.map(\.disallowed) == [100, 100])
    #expect(ledger.lots.map(\.units) == [10, 5])
    #expect(ledger.bases == [200, 150])
    try ledger.buy(20, for: 200, on: "2023-06-25")
    #expect(ledger.realized.map(\.disallowed) == [100, 200])
    #expect(ledger.lots.map(\.units) == [10, 5, 5, 15])
  }

  @Test func `matches the lots of one sale in order of acquisition, whatever the selection`() throws
  {
    var ledger = Ledger()
    try ledger.buy(10, for: 200, on: "2023-01-03")
    try ledger.buy(10, for: 300, on: "2023-01-04")
    try ledger.sell(20, for: 200, on: "2023-06-01", selection: .lifo)
    try ledger.buy(10, for: 100, on: "2023-06-20")
    #expect(ledger.realized.map(\.lot) == [1, 2])
    #expect(ledger.realized.map(\.disallowed) == [100, 0])
  }

  @Test func `does not net the gain of one lot with the loss of another`() throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 100, on: "2023-01-03")
    try ledger.buy(10, for: 300, on: "2023-01-04")
    try ledger.sell(20, for: 400, on: "2023-06-01")
    try ledger.buy(20, for: 400, on: "2023-06-02")
    #expect(ledger.realized.map(\.gain) == [100, -100])
    #expect(ledger.realized.map(\.recognized) == [100, 0])
    #expect(ledger.bases == [300, 200])
  }

  @Test func `takes a sale at cost for no loss, whatever rounding leaves`() throws {
    var ledger = Ledger()
    try ledger.buy(0.3, of: "A", at: 0.3, in: taxable, on: day("2023-01-03"))
    try ledger.sell(0.1, of: "A", at: 0.3, in: taxable, on: day("2023-06-01"))
    try #require(ledger.realized.contains { $0.gain < 0 })
    try ledger.buy(1, for: 10, on: "2023-06-02")
    #expect(ledger.lots.count == 2)
    #expect(try ledger.lots[1].holdingFrom == day("2023-06-02"))
  }

  @Test func `sees purchases in other accounts`() throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 300, on: "2023-01-03")
    try ledger.sell(10, for: 200, on: "2023-06-01")
    try ledger.buy(10, for: 200, on: "2023-06-02", in: other)
    #expect(ledger.realized[0].disallowed == 100)
    #expect(ledger.bases == [300])
  }

  @Test(arguments: ["2008-02-20", "2008-02-22"])
  func `loses the loss for good in an IRA (Rev. Rul. 2008-5)`(bought: String) throws {
    var ledger = Ledger()
    try ledger.buy(100, for: 1_000, on: "2007-12-20")
    if bought < "2008-02-21" { try ledger.buy(100, for: 600, on: bought, in: ira) }
    try ledger.sell(100, for: 600, on: "2008-02-21")
    if bought > "2008-02-21" { try ledger.buy(100, for: 600, on: bought, in: ira) }
    #expect(ledger.realized[0].disallowed == 400)
    #expect(ledger.realized[0].lost == 400)
    #expect(ledger.realized[0].recognized == 0)
    #expect(ledger.bases == [600])
    #expect(try ledger.lots[0].holdingFrom == day(bought))
    #expect(ledger.years[2008]?.gains == CapitalGains())
  }

  @Test func `leaves losses inside an IRA alone`() throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 300, on: "2023-01-03", in: ira)
    try ledger.sell(10, for: 200, on: "2023-06-01", in: ira)
    try ledger.buy(10, for: 200, on: "2023-06-02")
    #expect(ledger.realized[0].disallowed == 0)
    #expect(ledger.bases == [200])
    #expect(ledger.years.isEmpty)
  }

  @Test(arguments: [("S&P 500", 100.0), ("another index", 0)])
  func `counts other assets that are declared identical`(
    group: String, disallowed: Double
  ) throws {
    var ledger = Ledger(identical: ["VOO": "S&P 500", "IVV": group])
    try ledger.buy(10, for: 300, on: "2023-01-03", of: "VOO")
    try ledger.sell(10, for: 200, on: "2023-06-01", of: "VOO")
    try ledger.buy(10, for: 200, on: "2023-06-02", of: "IVV")
    #expect(ledger.realized[0].disallowed == disallowed)
    #expect(ledger.bases == [200 + disallowed])
    // They are replacements for each other, not the same holding.
    #expect(ledger.units(of: "VOO", in: taxable) == 0)
    #expect(throws: LedgerError.self) { try ledger.sell(1, for: 1, on: "2023-07-01", of: "VOO") }
  }

  @Test func `changes the year before when the replacement comes in January`() throws {
    var ledger = Ledger()
    try ledger.buy(10, for: 300, on: "2022-01-03")
    try ledger.sell(10, for: 200, on: "2023-12-20")
    #expect(ledger.years[2023]?.gains.longTerm == -100)
    try ledger.buy(10, for: 200, on: "2024-01-19")
    #expect(ledger.years[2023]?.gains.longTerm == 0)
    #expect(ledger.years[2023]?.disallowed == 100)
  }
}
