import Experiments
import Ledgers

/// Sales, lots and years for people, in 80 columns unless amounts are very large.
func replayTables(_ ledger: Ledger, _ returns: [TaxReturn]) -> String {
  [
    ledger.realized.isEmpty ? "nothing was sold" : salesTable(ledger.realized),
    ledger.lots.isEmpty ? "nothing is held" : lotsTable(ledger.lots),
    returns.isEmpty ? nil : yearsTable(returns),
  ].compactMap(\.self).joined(separator: "\n\n")
}

private func salesTable(_ rows: [RealizedSale]) -> String {
  var table = TextTable([
    "sold", "account", "asset", ">lot", ">units", ">gain", ">disallowed", "term",
  ])
  for row in rows {
    table.add([
      row.sold.description, clipped(row.account.name), clipped(row.asset, 6), "\(row.lot)",
      units(row.units), row.gain.fixed(2), row.disallowed.fixed(2), row.term.rawValue,
    ])
  }
  return table.text
}

private func lotsTable(_ lots: [Lot]) -> String {
  var table = TextTable([
    "account", "asset", ">lot", "acquired", "held from", ">units", ">basis",
  ])
  for lot in lots {
    table.add([
      clipped(lot.account.name), clipped(lot.asset, 6), "\(lot.id)", lot.acquired.description,
      lot.holdingFrom.description, units(lot.units), lot.basis.fixed(2),
    ])
  }
  return table.text
}

private func yearsTable(_ returns: [TaxReturn]) -> String {
  var table = TextTable([
    "year", ">net short", ">net long", ">deducted", ">carry short", ">carry long", ">tax",
  ])
  for taxes in returns {
    let netting = taxes.netting
    table.add([
      "\(taxes.year)", netting.net.shortTerm.fixed(2), netting.net.longTerm.fixed(2),
      netting.deduction.fixed(2), netting.carryforward.shortTerm.fixed(2),
      netting.carryforward.longTerm.fixed(2), taxes.tax.fixed(2),
    ])
  }
  return table.text
}

/// A name that fits its column.
private func clipped(_ name: String, _ width: Int = 8) -> String {
  name.count > width ? name.prefix(width - 1) + "…" : name
}

/// Up to four decimals, without zeros at the end.
private func units(_ units: Double) -> String {
  var text = units.fixed(4)
  guard text.contains(".") && !text.contains("e") else { return text }
  while text.last == "0" { text.removeLast() }
  if text.last == "." { text.removeLast() }
  return text
}
