import Algebra
import Rebalancing
import Testing

@Suite struct LotConservationTests {
  @Test(arguments: SaleOrder.allCases, [1, 7])
  func `units and basis are conserved, merged or not`(order: SaleOrder, gap: Int) {
    var merges = 0.0
    for number in 0..<20 {
      var books = LotBooks<Double>(LotLayout(assets: 1), order)
      books.open(0, 100, at: 100, on: days("2024-01-02"))
      var units = 100.0
      var basis = 10_000.0
      for trade in TradeSequence.random(number, steps: 300 / gap, every: gap) {
        let gains = books.trade(trade)
        let amount = Double(trade.shares)
        units += amount
        // What is sold leaves its price less its gain; what is disallowed becomes basis again.
        basis += amount * trade.price + (gains.short + gains.long)
        let lots = books.lots()
        #expect(abs(lots.reduce(0) { $0 + $1.units } - units) < 1e-9)
        #expect(abs(lots.reduce(0) { $0 + $1.units * $1.unitBasis } - basis) < 1e-7)
        #expect(lots.allSatisfy { $0.replaced >= 0 && $0.replaced <= $0.units + 1e-9 })
        #expect(gains.disallowed >= 0)
        if trade.shares > 0 {
          #expect(abs(gains.short + gains.long - gains.disallowed) < 1e-9)
        }
      }
      merges += books.merges()
    }
    #expect(merges > 0)
  }

  @Test func `no more is sold than is held, and all is sold on request`() {
    var books = LotBooks<Double>(LotLayout(assets: 1), .hifo)
    books.open(0, 100, at: 100, on: days("2024-01-02"))
    for trade in TradeSequence.random(1, steps: 30, every: 7) { _ = books.trade(trade) }
    _ = books.sell(.infinity, at: SecurityPrices(90), on: days("2025-02-03"))
    #expect(books.lots().isEmpty)
    let more = books.sell(5, at: SecurityPrices(90), on: days("2025-02-03"))
    #expect(more.short == 0 && more.long == 0)
  }

  @Test func `opening again forgets everything, in its lanes alone`() {
    var books = LotBooks<SIMD8<Double>>(LotLayout(assets: 2, hasSubstitutes: true))
    books.open(0, .init(repeating: 10), at: .init(repeating: 100), on: days("2024-01-02"))
    books.open(1, .init(repeating: 10), at: .init(repeating: 100), on: days("2024-01-02"))
    let prices = SecurityPrices<SIMD8<Double>>(.init(repeating: 80))
    _ = books.sell(.init(repeating: 5), at: prices, on: days("2024-02-01"))
    var lanes = SIMD8<Double>.Mask(repeating: false)
    lanes[2] = true
    let book = books.book
    var span = books.state.mutableSpan
    book.open(
      0, units: .init(repeating: 7), unitBasis: .init(repeating: 80),
      on: .init(repeating: Double(days("2024-02-02"))), where: lanes, in: &span)
    let purchase = books.buy(
      .init(repeating: 5), at: .init(repeating: 80), on: days("2024-02-03"))
    #expect(purchase.disallowed == [100, 100, 0, 100, 100, 100, 100, 100])
    for lane in 0..<8 {
      let units = books.lots(lane: lane).reduce(0) { $0 + $1.units[lane] }
      #expect(units == (lane == 2 ? 12 : 10))
    }
  }

  @Test(arguments: SaleOrder.allCases, [false, true])
  func `eight lanes are eight books of one lane, to the bit`(order: SaleOrder, substitutes: Bool) {
    let layout = LotLayout(assets: 1, hasSubstitutes: substitutes)
    var lanes = LotBooks<SIMD8<Double>>(layout, order)
    var singles = (0..<8).map { _ in LotBooks<Double>(layout, order) }
    lanes.open(0, .init(repeating: 100), at: .init(repeating: 100), on: days("2024-01-02"))
    for lane in 0..<8 { singles[lane].open(0, 100, at: 100, on: days("2024-01-02")) }
    let sequences = (0..<8).map {
      TradeSequence.random(40 + $0, steps: 120, every: 3, share: 0.7)
    }
    let rule = HarvestingRule(returning: order == .fifo ? .comeBack : .stay)
    var harvested = 0.0
    for step in 0..<120 {
      var (units, price) = (SIMD8<Double>(repeating: 0), SIMD8<Double>(repeating: 0))
      for lane in 0..<8 {
        units[lane] = Double(sequences[lane][step].shares)
        price[lane] = sequences[lane][step].price
      }
      let day = sequences[0][step].day
      let prices = SecurityPrices(asset: price, substitute: price * 0.5)
      let zero = SIMD8<Double>(repeating: 0)
      let sale = lanes.sell(zero - units, at: prices, on: day, where: units .< zero)
      let purchase = lanes.buy(units, at: price, on: day, where: zero .< units)
      var harvest = Harvest<SIMD8<Double>>.none
      if substitutes { harvest = lanes.harvest(rule, at: prices, cost: 0.001, on: day) }
      for lane in 0..<8 {
        let own = SecurityPrices(asset: price[lane], substitute: price[lane] * 0.5)
        let soldOne = singles[lane].sell(-units[lane], at: own, on: day)
        let boughtOne = singles[lane].buy(units[lane], at: price[lane], on: day)
        #expect(sale.short[lane] == soldOne.short && sale.long[lane] == soldOne.long)
        #expect(purchase.short[lane] == boughtOne.short)
        guard substitutes else { continue }
        let one = singles[lane].harvest(rule, at: own, cost: 0.001, on: day)
        #expect(harvest.sold[lane] == one.sold && harvest.gains.short[lane] == one.gains.short)
        harvested += one.sold
      }
    }
    #expect(lanes.merges() != .init(repeating: 0))
    #expect(!substitutes || harvested > 0)
    // Behind the lots lie the rows that operations compute in.
    for row in 0..<layout.count - 8 * layout.lotsPerAsset {
      for lane in 0..<8 { #expect(lanes.state[row][lane] == singles[lane].state[row]) }
    }
  }
}
