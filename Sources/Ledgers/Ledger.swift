/// The lots of an investor over all accounts, what their sales have realized, and the wash sales
/// among them.
///
/// Rules of the United States for shares. The loss of a sale is disallowed to the extent that
/// substantially identical units are bought within 30 days before or after it in any account; the
/// replacement's basis rises by it, unless it is in an IRA (Rev. Rul. 2008-5), and its holding
/// period is longer by that of the units sold. See IRS Publication 550, "Wash Sales".
///
/// Trades of one day have no order: see `trade(_:on:)`.
public struct Ledger: Equatable, Sendable {
  /// What the sales have realized, in order of sale. Later purchases change rows of the last 30 days.
  public internal(set) var realized: [RealizedSale] = []
  /// What counts in each year in which something was realized or paid out.
  public internal(set) var years: [Int: YearTotals] = [:]
  /// The last day on which something happened; `nil` at the beginning.
  public internal(set) var lastDay: Day?

  /// The assets that are substantially identical to others, by the name of their group.
  private let groups: [String: String]
  /// The open lots and open losses of each group.
  var books: [String: Book] = [:]
  var kinds: [String: Account.Kind] = [:]
  /// The id of the next purchase.
  var nextLot = 1

  /// An empty ledger.
  ///
  /// - Parameter identical: assets that count as substantially identical though their names differ,
  ///   each with the name of its group, such as `["VOO": "S&P 500", "IVV": "S&P 500"]`. An asset
  ///   without an entry is identical with itself and with the group of its name.
  public init(identical: [String: String] = [:]) { groups = identical }

  /// The lots and losses of substantially identical assets.
  struct Book: Equatable, Sendable {
    /// Lots held in any account, in order of purchase.
    var lots: [Lot] = []
    /// Places in `realized` of the losses that a purchase can still disallow, in order of sale.
    var openLosses: [Int] = []
  }

  /// Where the lots of an asset are kept.
  func group(of asset: String) -> String { groups[asset] ?? asset }
}

// MARK: - Looking

extension Ledger {
  /// The lots held, in order of purchase.
  public var lots: [Lot] {
    // A split puts the parts of a lot side by side: the sort must keep their order.
    books.values.flatMap { $0.lots }.enumerated()
      .sorted { ($0.element.id, $0.offset) < ($1.element.id, $1.offset) }.map(\.element)
  }

  /// The lots of an asset held in an account, in order of purchase.
  public func lots(of asset: String, in account: Account) -> [Lot] {
    (books[group(of: asset)]?.lots ?? []).filter { $0.asset == asset && $0.account == account }
  }

  /// The units of an asset held in an account.
  public func units(of asset: String, in account: Account) -> Double {
    lots(of: asset, in: account).reduce(0) { $0 + $1.units }
  }
}

// MARK: - Trading

extension Ledger {
  /// Buys units, and disallows losses of the last 30 days that they replace.
  ///
  /// - Returns: the id of the new lot.
  /// - Throws: where an amount or the day is not valid; nothing has changed then.
  @discardableResult
  public mutating func buy(
    _ units: Double, of asset: String, at price: Double, fee: Double = 0, in account: Account,
    on day: Day
  ) throws(LedgerError) -> Int {
    try trade(
      [Fill(.buy, units: units, of: asset, at: price, fee: fee, in: account)], on: day)
    return nextLot - 1
  }

  /// Sells units, and disallows losses that purchases of the last 30 days replace.
  ///
  /// - Returns: one row per lot, in order of purchase, also to be found at the end of `realized`.
  /// - Throws: where an amount, the day or the lot is not valid or more is sold than is held;
  ///   nothing has changed then.
  @discardableResult
  public mutating func sell(
    _ units: Double, of asset: String, at price: Double, fee: Double = 0, in account: Account,
    on day: Day, selection: LotSelection = .fifo
  ) throws(LedgerError) -> ArraySlice<RealizedSale> {
    let first = realized.count
    try trade(
      [Fill(.sell(selection), units: units, of: asset, at: price, fee: fee, in: account)], on: day)
    return realized[first...]
  }

  /// Books the trades of a day together; their order decides nothing but the ids of new lots.
  ///
  /// Purchases first replace the losses of earlier days. Then sales choose among the lots held
  /// before this day, and after those among the day's purchases. Last, the day's losses are replaced
  /// by what is still held when all is sold.
  ///
  /// - Throws: at the first trade that is not valid; nothing has changed then.
  public mutating func trade(_ fills: [Fill], on day: Day) throws(LedgerError) {
    try validate(fills, on: day)
    lastDay = day
    for fill in fills {
      kinds[fill.account.name] = fill.account.kind
      if fill.selection == nil { open(fill, on: day) }
    }
    let firstRow = realized.count
    for sale in fills.filter({ $0.selection != nil }).sorted(by: Fill.isBefore) {
      close(sale, on: day)
    }
    for row in firstRow..<realized.count where realized[row].openUnits > 0 {
      replaceLoss(row)
    }
  }

  /// Records a qualified dividend.
  ///
  /// - Parameter amount: currency, at least 0. In an IRA it is not taxed.
  public mutating func receive(
    qualifiedDividend amount: Double, in account: Account, on day: Day
  ) throws(LedgerError) {
    try validate(day, index: 0)
    try validate(account, knowing: kinds, index: 0)
    guard amount.isFinite, amount >= 0 else { throw LedgerError(.invalidDividend(amount)) }
    guard amount <= Self.largestAmount else { throw LedgerError(.tooLarge(amount)) }
    lastDay = day
    kinds[account.name] = account.kind
    if account.kind == .taxable {
      years[day.year, default: YearTotals()].qualifiedDividends += amount
    }
  }
}
