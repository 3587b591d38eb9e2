import Algebra
import Ledgers
import Rebalancing
import Testing

/// Lot books against the exact ledger.
@Suite struct LotTwinTests {
  /// Both twins with a hundred shares bought on the first trading day of 2024.
  private func twins(
    _ layout: LotLayout, _ order: SaleOrder
  ) throws -> (LotBooks<Double>, ExactLedger) {
    var books = LotBooks<Double>(layout, order)
    var ledger = ExactLedger(order: order)
    books.open(0, 100, at: 100, on: days("2024-01-02"))
    _ = try ledger.trade(100, at: 100, on: days("2024-01-02"))
    return (books, ledger)
  }

  @Test(arguments: SaleOrder.allCases, [1, 3, 7])
  func `with slots enough every sale is that of the ledger`(order: SaleOrder, gap: Int) throws {
    let layout = LotLayout(assets: 1, lotsPerAsset: 200, lossSalesPerAsset: 200)
    var disallowed = 0.0
    for number in 0..<8 {
      var (books, ledger) = try twins(layout, order)
      for trade in TradeSequence.random(number, steps: 400 / gap, every: gap) {
        let (fast, slow) = try (books.trade(trade), ledger.trade(trade))
        disallowed += slow.disallowed
        guard fast.distance(to: slow) < 1e-9 * 1e4 else {
          Issue.record("\(number) on \(trade): \(fast) and \(slow)")
          return
        }
      }
      #expect(books.merges() == 0)
      let exact = ledger.ledger.lots.reduce(0) { $0 + $1.basis }
      let basis = books.lots().reduce(0) { $0 + $1.units * $1.unitBasis }
      #expect(abs(basis - exact) < 1e-9 * max(1, exact))
    }
    #expect(disallowed > 100)
  }

  @Test(arguments: SaleOrder.allCases)
  func `with eight slots every sale before the first merge is exact`(order: SaleOrder) throws {
    var compared = 0
    var merged = 0
    for number in 0..<100 {
      var (books, ledger) = try twins(LotLayout(assets: 1), order)
      for trade in TradeSequence.random(number, steps: 52, every: 7, share: 0.4) {
        let (fast, slow) = try (books.trade(trade), ledger.trade(trade))
        if books.merges() > 0 {
          merged += 1
          break
        }
        compared += trade.shares == 0 ? 0 : 1
        #expect(fast.distance(to: slow) < 1e-9 * 1e4, "\(number) on \(trade)")
      }
    }
    #expect(compared > 500 && merged > 10)
  }

  @Test(arguments: [1, 5])
  func `what the lots mean is what the ledger's lots mean`(gap: Int) throws {
    let layout = LotLayout(assets: 1, lotsPerAsset: 200, lossSalesPerAsset: 200)
    var (books, ledger) = try twins(layout, .lifo)
    for trade in TradeSequence.random(3, steps: 420 / gap, every: gap) {
      _ = try (books.trade(trade), ledger.trade(trade))
      let holding = books.book.holding(
        0, at: SecurityPrices(trade.price), in: books.state.span)
      let view = books.book.exposure(
        0, on: books.trading(trade.day), longTerm: books.table, in: books.state.span)
      let day = Day(daysSinceEpoch: trade.day)
      let lots = ledger.ledger.lots
      let gains = lots.map { $0.units * (trade.price - $0.basisPerUnit) }
      let held = lots.reduce(0) { $0 + $1.units }
      let recent = lots.filter { !$0.isReplacement && day.days(since: $0.acquired) <= 30 }
      let recentUnits = recent.reduce(0) { $0 + $1.units }
      let firstLong = lots.filter { $0.term(on: day) == .short }.map(\.holdingFrom.firstLongTermDay)
        .min()
      #expect(abs(holding.units - held) < 1e-9)
      #expect(abs(holding.value - held * trade.price) < 1e-7)
      #expect(abs(holding.unrealizedGain - gains.reduce(0, +)) < 1e-7)
      #expect(abs(holding.harvestableLoss + gains.filter { $0 < 0 }.reduce(0, +)) < 1e-7)
      #expect(view.daysUntilLong == (firstLong.map { Double($0.days(since: day)) } ?? 0))
      #expect(abs(view.recentShare - recentUnits / max(1, held)) < 1e-9)
      let lastRecent = recent.map(\.acquired).max()
      #expect(view.recentDays == (lastRecent.map { Double(31 - day.days(since: $0)) } ?? 0))
    }
  }

  @Test(arguments: SaleOrder.allCases)
  func `the gains of a sale that does not happen are those of one that does`(order: SaleOrder)
    throws
  {
    let layout = LotLayout(assets: 1, lotsPerAsset: 64)
    var (books, _) = try twins(layout, order)
    for trade in TradeSequence.random(5, steps: 60, every: 7, largest: 5) {
      _ = books.trade(trade)
      let day = books.trading(trade.day)
      let prices = SecurityPrices(trade.price)
      let before = books.lots().map(\.units)
      let book = books.book
      var span = books.state.mutableSpan
      let told = book.gainsIfSold(0, units: 37, at: prices, on: day, in: &span)
      #expect(books.lots().map(\.units) == before)
      var copy = books
      let sold = copy.sell(37, at: prices, on: trade.day)
      #expect(abs(told.short + told.long - (sold.short + sold.long - sold.disallowed)) < 1e-7)
      let all = books.book.liquidation(0, at: prices, on: day, in: books.state.span)
      let gain = books.lots().reduce(0) { $0 + $1.units * (trade.price - $1.unitBasis) }
      #expect(abs(all.gains.short + all.gains.long - gain) < 1e-7)
    }
  }
}
