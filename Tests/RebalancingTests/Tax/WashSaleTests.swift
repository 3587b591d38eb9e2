import Algebra
import Rebalancing
import Testing

/// Examples of IRS Publication 550 and the rules around them.
@Suite struct WashSaleTests {
  @Test func `a loss is added to the basis of shares bought within 30 days after`() {
    var books = LotBooks<Double>(LotLayout(assets: 1))
    books.open(0, 100, at: 10, on: days("2024-01-02"))
    let sale = books.sell(100, at: SecurityPrices(7.5), on: days("2024-02-01"))
    #expect(sale.short == -250 && sale.disallowed == 0)
    let purchase = books.buy(100, at: 8, on: days("2024-03-02"))
    #expect(purchase.short == 250 && purchase.disallowed == 250)
    #expect(books.lots().map(\.unitBasis) == [10.5])
    #expect(books.lots().map(\.heldFrom) == [Double(days("2024-03-02") - 30)])
  }

  @Test func `a purchase 31 days away is no wash sale, before or after`() {
    var books = LotBooks<Double>(LotLayout(assets: 1))
    books.open(0, 100, at: 10, on: days("2024-01-02"))
    _ = books.buy(10, at: 9, on: days("2024-02-01"))
    let sale = books.sell(100, at: SecurityPrices(7.5), on: days("2024-03-03"))
    #expect(sale.short == -250 && sale.disallowed == 0)
    let purchase = books.buy(100, at: 8, on: days("2024-04-03"))
    #expect(purchase.short == 0)
    #expect(books.lots().map(\.unitBasis) == [9, 8])
  }

  @Test func `shares bought before are replacements in order of purchase`() {
    var books = LotBooks<Double>(LotLayout(assets: 1))
    books.open(0, 100, at: 50, on: days("2024-09-26"))
    _ = books.buy(50, at: 55, on: days("2024-12-19"))
    _ = books.buy(25, at: 45, on: days("2024-12-27"))
    let sale = books.sell(100, at: SecurityPrices(40), on: days("2025-01-09"))
    #expect(sale.short == -250 && sale.disallowed == 750)
    #expect(books.lots().map { $0.units * $0.unitBasis } == [3_250, 1_375])
  }

  @Test func `later purchases are replacements until the loss is used up`() {
    var books = LotBooks<Double>(LotLayout(assets: 1))
    books.open(0, 100, at: 20, on: days("2023-03-01"))
    _ = books.sell(100, at: SecurityPrices(10), on: days("2024-02-06"))
    let disallowed = (11...14).map { date in
      books.buy(50, at: 10, on: days("2024-02-\(date)")).disallowed
    }
    #expect(disallowed == [500, 500, 0, 0])
    #expect(books.lots().map(\.unitBasis) == [20, 20, 10, 10])
  }

  @Test func `the days of the sold lot are tacked on`() {
    var books = LotBooks<Double>(LotLayout(assets: 1))
    books.open(0, 10, at: 20, on: days("2024-05-01"))
    _ = books.sell(10, at: SecurityPrices(10), on: days("2024-07-01"))
    _ = books.buy(10, at: 10, on: days("2024-07-05"))
    #expect(books.lots().map(\.heldFrom) == [Double(days("2024-05-05"))])
  }

  @Test func `a partly matched lot is split, its replacements sold first`() {
    var books = LotBooks<Double>(LotLayout(assets: 1))
    books.open(0, 30, at: 20, on: days("2024-01-02"))
    _ = books.buy(50, at: 10, on: days("2024-06-03"))
    let sale = books.sell(30, at: SecurityPrices(15), on: days("2024-06-10"))
    #expect(sale.disallowed == 150)
    #expect(books.lots().map(\.units) == [30, 20])
    #expect(books.lots().map(\.unitBasis) == [15, 10])
    #expect(books.lots().map(\.replaced) == [30, 0])
  }

  @Test func `the rest of the lot being sold is no replacement for it`() {
    var books = LotBooks<Double>(LotLayout(assets: 1))
    books.open(0, 100, at: 20, on: days("2024-06-03"))
    let sale = books.sell(40, at: SecurityPrices(15), on: days("2024-06-10"))
    #expect(sale.disallowed == 0 && sale.short == -200)
  }

  @Test func `gains and losses of one sale are not netted`() {
    var books = LotBooks<Double>(LotLayout(assets: 1))
    books.open(0, 10, at: 5, on: days("2024-01-02"))
    _ = books.buy(10, at: 15, on: days("2024-01-03"))
    _ = books.buy(10, at: 12, on: days("2024-05-20"))
    let sale = books.sell(20, at: SecurityPrices(10), on: days("2024-06-03"))
    #expect(sale.short == 50 && sale.disallowed == 50)
  }

  @Test func `the substitute is another security`() {
    var books = LotBooks<Double>(LotLayout(assets: 1, hasSubstitutes: true))
    books.open(0, 100, at: 10, on: days("2024-01-02"))
    let harvest = books.harvest(
      HarvestingRule(), at: SecurityPrices(asset: 7.5, substitute: 30), cost: 0,
      on: days("2024-02-01"))
    #expect(harvest.gains.short == -250 && harvest.gains.disallowed == 0)
    #expect(books.lots().map(\.units) == [25])
    #expect(books.lots().map(\.security) == [1])
    let purchase = books.buy(10, at: 30, on: days("2024-02-05"))
    #expect(purchase.disallowed == 0)
  }

  @Test func `without the rule nothing is disallowed`() {
    let layout = LotLayout(assets: 1)
    let book = LotBook<Double>(layout: layout, order: .fifo, rates: .test, washWindow: nil)
    let table = LongTermTable(from: day("2024-01-01"), count: 100)
    var state = [Double](repeating: 0, count: layout.count)
    var span = state.mutableSpan
    book.open(0, units: 10, unitBasis: 10, on: 19_800, where: true, in: &span)
    let on = table.tradingDay(19_810.0)
    _ = book.buy(0, units: 5, unitCost: 6, on: on, where: true, in: &span)
    let sale = book.sell(
      0, units: 10, at: SecurityPrices(7), on: on, where: true, in: &span)
    let purchase = book.buy(0, units: 5, unitCost: 6, on: on, where: true, in: &span)
    #expect(sale.short == -30 && sale.disallowed == 0 && purchase.short == 0)
  }
}
