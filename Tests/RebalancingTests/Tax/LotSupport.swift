import Algebra
import Markets
import Rebalancing

/// A lot book with its numbers: one group of portfolios.
struct LotBooks<L: Lanes> where L.Scalar == Double {
  let book: LotBook<L>
  var state: [L]
  let table = LongTermTable(from: day("2024-01-01"), count: 800)

  init(_ layout: LotLayout, _ order: SaleOrder = .fifo, _ rates: CapitalTaxRates = .test) {
    book = LotBook(layout: layout, order: order, rates: rates)
    state = Array(repeating: L(repeating: 0), count: layout.count)
  }

  static var all: L.Mask { L.Mask(repeating: true) }

  mutating func open(_ asset: Int, _ units: L, at unitBasis: L, on day: Int) {
    let book = book
    var span = state.mutableSpan
    book.open(
      asset, units: units, unitBasis: unitBasis, on: L(repeating: Double(day)), where: Self.all,
      in: &span)
  }

  mutating func buy(
    _ units: L, at unitCost: L, on day: Int, of asset: Int = 0, where lanes: L.Mask = all
  ) -> RealizedGains<L> {
    let (book, day) = (book, trading(day))
    var span = state.mutableSpan
    return book.buy(
      asset, units: units, unitCost: unitCost, on: day, where: lanes, in: &span)
  }

  mutating func sell(
    _ units: L, at prices: SecurityPrices<L>, on day: Int, of asset: Int = 0,
    where lanes: L.Mask = all
  ) -> RealizedGains<L> {
    let (book, day) = (book, trading(day))
    var span = state.mutableSpan
    return book.sell(asset, units: units, at: prices, on: day, where: lanes, in: &span)
  }

  mutating func harvest(
    _ rule: HarvestingRule, at prices: SecurityPrices<L>, cost: Double, on day: Int,
    of asset: Int = 0, where lanes: L.Mask = all
  ) -> Harvest<L> {
    let (book, day) = (book, trading(day))
    var span = state.mutableSpan
    return book.harvest(
      asset, rule, at: prices, cost: L(repeating: cost), on: day, where: lanes, in: &span)
  }

  func trading(_ day: Int) -> TradingDay<L> { table.tradingDay(L(repeating: Double(day))) }

  /// Lots with units in some lane, from the oldest to the newest.
  func lots(_ asset: Int = 0, lane: Int = 0) -> [LotSlot<L>] {
    (0..<book.layout.lotsPerAsset).reversed().map { slot in
      book.lot(of: asset, slot: slot, in: state.span)
    }.filter { $0.units[lane: lane] > 0 }
  }

  func merges(_ asset: Int = 0) -> L { book.merges(asset, in: state.span) }
}

extension CapitalTaxRates {
  /// Rates to test with.
  static var test: Self { CapitalTaxRates(short: 0.35, long: 0.15) }
}

/// Days since 1970-01-01 of a date that exists.
func days(_ iso: String) -> Int { day(iso).daysSinceEpoch }

/// A date that exists.
func day(_ iso: String) -> CalendarDate {
  guard let date = CalendarDate(iso: iso) else { preconditionFailure("\(iso) is no date") }
  return date
}
