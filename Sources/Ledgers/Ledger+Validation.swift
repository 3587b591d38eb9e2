extension Ledger {
  /// Larger numbers are refused, so that no sum overflows.
  public static let largestAmount = 1e100

  /// Refuses trades that cannot all be booked; afterwards nothing can fail.
  func validate(_ fills: [Fill], on day: Day) throws(LedgerError) {
    try validate(day, index: 0)
    var kinds = kinds
    for (index, fill) in fills.enumerated() {
      try validate(fill.account, knowing: kinds, index: index)
      kinds[fill.account.name] = fill.account.kind
      try validateAmounts(of: fill, index: index)
    }
    try validateHoldings(fills)
  }

  func validate(_ day: Day, index: Int) throws(LedgerError) {
    if let lastDay, day < lastDay {
      throw LedgerError(fill: index, .decreasingDays(day, after: lastDay))
    }
  }

  func validate(
    _ account: Account, knowing kinds: [String: Account.Kind], index: Int
  ) throws(LedgerError) {
    if let kind = kinds[account.name], kind != account.kind {
      throw LedgerError(
        fill: index, .otherKind(account: account.name, account.kind, before: kind))
    }
  }

  private func validateAmounts(of fill: Fill, index: Int) throws(LedgerError) {
    guard fill.units.isFinite, fill.units > 0 else {
      throw LedgerError(fill: index, .invalidUnits(fill.units))
    }
    guard fill.price.isFinite, fill.price >= 0 else {
      throw LedgerError(fill: index, .invalidPrice(fill.price))
    }
    guard fill.fee.isFinite, fill.fee >= 0 else {
      throw LedgerError(fill: index, .invalidFee(fill.fee))
    }
    let largest = max(fill.units, fill.price, fill.cost)
    guard largest <= Self.largestAmount else {
      throw LedgerError(fill: index, .tooLarge(largest))
    }
  }

  /// Refuses a sale of more than is held or bought on the same day.
  private func validateHoldings(_ fills: [Fill]) throws(LedgerError) {
    let sales = fills.indices.filter { fills[$0].selection != nil }
    guard !sales.isEmpty else { return }
    var holdings = holdings(for: fills)
    // In the order of booking: sales that name their lot come first, so the others cannot take it.
    for index in sales.sorted(by: { Fill.isBefore(fills[$0], fills[$1]) }) {
      let position = Position(fills[index])
      var holding = holdings[position] ?? Holding()
      if let problem = holding.sell(fills[index]) { throw LedgerError(fill: index, problem) }
      holdings[position] = holding
    }
  }

  /// What the sales among these trades can take, the day's purchases included.
  private func holdings(for fills: [Fill]) -> [Position: Holding] {
    var holdings: [Position: Holding] = [:]
    for fill in fills where fill.selection != nil && holdings[Position(fill)] == nil {
      var holding = Holding()
      for lot in lots(of: fill.asset, in: fill.account) { holding.add(lot.units, to: lot.id) }
      holdings[Position(fill)] = holding
    }
    for (number, purchase) in fills.filter({ $0.selection == nil }).enumerated() {
      holdings[Position(purchase)]?.add(purchase.units, to: nextLot + number)
    }
    return holdings
  }

  private struct Position: Hashable {
    let account: Account
    let asset: String

    init(_ fill: Fill) {
      account = fill.account
      asset = fill.asset
    }
  }
}

/// Units of an asset in an account, in all and by lot.
private struct Holding {
  private var units = 0.0
  private var lots: [Int: Double] = [:]

  mutating func add(_ more: Double, to lot: Int) {
    units += more
    lots[lot, default: 0] += more
  }

  /// Takes the units of a sale, or says why it cannot be.
  ///
  /// Which lots a sale takes that names none does not matter here.
  mutating func sell(_ sale: Fill) -> LedgerError.Problem? {
    let (account, asset, asked) = (sale.account.name, sale.asset, sale.units)
    if let lot = sale.namedLot {
      guard let held = lots[lot] else {
        return .unknownLot(lot, account: account, asset: asset, held: lots.keys.sorted())
      }
      guard asked <= held * (1 + roundingTolerance) else {
        return .exceedsLot(lot, account: account, asset: asset, asked: asked, held: max(0, held))
      }
      lots[lot] = held - asked
    }
    guard asked <= units * (1 + roundingTolerance) else {
      return .exceedsHolding(account: account, asset: asset, asked: asked, held: max(0, units))
    }
    units -= asked
    return nil
  }
}
