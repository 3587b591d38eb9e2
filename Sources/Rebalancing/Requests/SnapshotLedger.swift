import Algebra
import Markets

/// A request's lots and tax record in the book of an environment, with room for all of them.
///
/// The book of an environment has a fixed number of slots per asset and merges lots where they do not
/// suffice; here nothing is merged.
struct SnapshotLedger {
  let book: LotBook<Double>
  /// Lots and tax position, as `AccountKernel` lays them out.
  let numbers: [Double]

  /// - Parameter snapshot: without defect.
  init(_ snapshot: PortfolioSnapshot, _ tax: LotTax) {
    let lots = Self.byAsset(snapshot, snapshot.lots ?? [], \.asset, \.acquired)
    let sales = Self.byAsset(
      snapshot, snapshot.taxPosition?.lossSales ?? [], \.asset, \.sold)
    let layout = LotLayout(
      assets: snapshot.assets.count, lotsPerAsset: max(3, lots.map(\.count).max() ?? 0),
      lossSalesPerAsset: max(2, sales.map(\.count).max() ?? 0),
      hasSubstitutes: tax.harvesting != nil || snapshot.holdsSubstitutes)
    let book = LotBook<Double>(
      layout: layout, order: tax.order, rates: tax.rates, washWindow: tax.washWindow)
    var numbers = Array(repeating: 0.0, count: layout.count + TaxPosition<Double>.count)
    var state = numbers.mutableSpan
    let inUse = Set(snapshot.taxPosition?.substitutesInUse ?? [])
    for (i, name) in snapshot.assets.enumerated() {
      for (slot, lot) in lots[i].enumerated() { book.store(LotSlot(lot), i, slot, in: &state) }
      for (slot, sale) in sales[i].enumerated() { book.store(LossSale(sale), i, slot, in: &state) }
      book.set(
        .securityInUse, of: i, to: inUse.contains(name) ? 1 : 0,
        where: Double.Mask(repeating: true),
        in: &state)
    }
    TaxPosition(snapshot.taxPosition ?? TaxRecord()).write(to: &state, at: layout.count)
    (self.book, self.numbers) = (book, numbers)
  }

  /// Records per asset of the snapshot, the newest first; of one day in the order given.
  private static func byAsset<Record>(
    _ snapshot: PortfolioSnapshot, _ records: [Record], _ asset: KeyPath<Record, String>,
    _ day: KeyPath<Record, CalendarDate>
  ) -> [[Record]] {
    var own: [String: [(Int, Record)]] = [:]
    for (number, record) in records.enumerated() {
      own[record[keyPath: asset], default: []].append((number, record))
    }
    return snapshot.assets.map { name in
      (own[name] ?? []).sorted { a, b in
        let (first, second) = (a.1[keyPath: day], b.1[keyPath: day])
        return first == second ? a.0 < b.0 : first > second
      }.map(\.1)
    }
  }
}

extension PortfolioSnapshot {
  fileprivate var holdsSubstitutes: Bool {
    lots?.contains { $0.substitute == true } == true
      || taxPosition?.lossSales?.contains { $0.substitute == true } == true
      || taxPosition?.substitutesInUse?.isEmpty == false
  }
}

extension LotSlot<Double> {
  fileprivate init(_ lot: HeldLot) {
    self.init(
      units: lot.units, unitBasis: lot.basis / lot.units,
      acquired: Double(lot.acquired.daysSinceEpoch),
      heldFrom: Double((lot.holdingFrom ?? lot.acquired).daysSinceEpoch),
      replaced: lot.replaced ?? 0, security: lot.substitute == true ? 1 : 0)
  }
}

extension LossSale<Double> {
  fileprivate init(_ sale: OpenLossSale) {
    self.init(
      day: Double(sale.sold.daysSinceEpoch), units: sale.units, unitLoss: sale.loss / sale.units,
      daysHeld: Double(sale.daysHeld), isLong: sale.longTerm ? 1 : 0,
      security: sale.substitute == true ? 1 : 0)
  }
}

extension TaxPosition<Double> {
  fileprivate init(_ record: TaxRecord) {
    self.init()
    short = record.realizedShort ?? 0
    long = record.realizedLong ?? 0
    carriedShort = record.carriedShort ?? 0
    carriedLong = record.carriedLong ?? 0
    paid = record.paid ?? 0
    due = record.due ?? 0
    dividends = record.dividends ?? 0
  }
}
