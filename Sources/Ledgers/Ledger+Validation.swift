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
    guard fills.contains(where: { $0.selection != nil }) else { return }
    var held = availableLots(of: fills)
    let sales = fills.indices.filter { fills[$0].selection != nil }
      .sorted { Fill.isBefore(fills[$0], fills[$1]) }
    for index in sales {
      let sale = fills[index]
      let position = Position(account: sale.account, asset: sale.asset)
      let lots = held[position] ?? [:]
      if let lot = sale.namedLot {
        try validate(sale, index: index, lot: lot, of: lots)
        held[position]?[lot, default: 0] -= sale.units
        continue
      }
      let units = max(0, lots.values.reduce(0, +))
      guard sale.units <= units * (1 + roundingTolerance) else {
        throw LedgerError(
          fill: index,
          .exceedsHolding(
            account: sale.account.name, asset: sale.asset, asked: sale.units, held: units))
      }
      // Which lots it will take does not matter here: those that are named have been served.
      held[position]?[0, default: 0] -= sale.units
    }
  }

  private func validate(
    _ sale: Fill, index: Int, lot: Int, of lots: [Int: Double]
  ) throws(LedgerError) {
    guard let units = lots[lot] else {
      throw LedgerError(
        fill: index,
        .unknownLot(
          lot, account: sale.account.name, asset: sale.asset, held: lots.keys.sorted()))
    }
    guard sale.units <= units * (1 + roundingTolerance) else {
      throw LedgerError(
        fill: index,
        .exceedsLot(
          lot, account: sale.account.name, asset: sale.asset, asked: sale.units,
          held: max(0, units)))
    }
  }

  /// The units of every lot that the sales among these trades can take.
  private func availableLots(of fills: [Fill]) -> [Position: [Int: Double]] {
    var held: [Position: [Int: Double]] = [:]
    for fill in fills where fill.selection != nil {
      let position = Position(account: fill.account, asset: fill.asset)
      guard held[position] == nil else { continue }
      held[position] = lots(of: fill.asset, in: fill.account).reduce(into: [:]) {
        $0[$1.id, default: 0] += $1.units
      }
    }
    for (number, purchase) in fills.filter({ $0.selection == nil }).enumerated() {
      let position = Position(account: purchase.account, asset: purchase.asset)
      held[position]?[nextLot + number] = purchase.units
    }
    return held
  }

  private struct Position: Hashable {
    let account: Account
    let asset: String
  }
}
