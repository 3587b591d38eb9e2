public import Ledgers

/// A ledger for programs: what was realized, what is held, and the tax of each year.
public struct LedgerDocument: Encodable, Sendable {
  let realized: [Row]
  let lots: [Position]
  let totals: Totals

  public init(_ ledger: Ledger, _ returns: [TaxReturn]) {
    realized = ledger.realized.map(Row.init)
    lots = ledger.lots.map(Position.init)
    totals = Totals(ledger, returns)
  }

  /// What a sale has realized of one lot.
  struct Row: Encodable, Sendable {
    let account, kind, asset: String
    let lot: Int
    let acquired, sold: String
    let units, proceeds, basis, gain, disallowed, lost, recognized: Double
    let term: String

    init(_ sale: RealizedSale) {
      account = sale.account.name
      kind = sale.account.kind.rawValue
      asset = sale.asset
      lot = sale.lot
      acquired = sale.acquired.description
      sold = sale.sold.description
      units = sale.units
      proceeds = sale.proceeds
      basis = sale.basis
      gain = sale.gain
      disallowed = sale.disallowed
      lost = sale.lost
      recognized = sale.recognized
      term = sale.term.rawValue
    }
  }

  /// A lot, or a part of one, that is held.
  struct Position: Encodable, Sendable {
    let account, kind, asset: String
    let lot: Int
    let acquired, holdingFrom: String
    let units, basis: Double

    init(_ part: Lot) {
      account = part.account.name
      kind = part.account.kind.rawValue
      asset = part.asset
      lot = part.id
      acquired = part.acquired.description
      holdingFrom = part.holdingFrom.description
      units = part.units
      basis = part.basis
    }

    enum CodingKeys: String, CodingKey {
      case account, kind, asset, lot, acquired, units, basis
      case holdingFrom = "holding_from"
    }
  }
}

// MARK: - Totals

extension LedgerDocument {
  /// An amount of each term.
  struct Terms: Encodable, Sendable {
    let short, long: Double

    init(_ gains: CapitalGains) {
      short = gains.shortTerm
      long = gains.longTerm
    }
  }

  /// Sums over all sales from taxable accounts, and the years.
  struct Totals: Encodable, Sendable {
    let gain, disallowed, lost, recognized, recognizedShort, recognizedLong: Double
    /// What was gained in retirement accounts, where it is not taxed.
    let gainInIRA: Double
    let tax: Double
    let years: [Year]

    init(_ ledger: Ledger, _ returns: [TaxReturn]) {
      let rows = ledger.realized.filter { $0.account.kind == .taxable }
      gain = rows.reduce(0) { $0 + $1.gain }
      disallowed = rows.reduce(0) { $0 + $1.disallowed }
      lost = rows.reduce(0) { $0 + $1.lost }
      recognized = rows.reduce(0) { $0 + $1.recognized }
      recognizedShort = rows.reduce(0) { $0 + ($1.term == .short ? $1.recognized : 0) }
      recognizedLong = rows.reduce(0) { $0 + ($1.term == .long ? $1.recognized : 0) }
      gainInIRA = ledger.realized.reduce(0) { $0 + ($1.account.kind == .ira ? $1.gain : 0) }
      tax = returns.reduce(0) { $0 + $1.tax }
      years = returns.map(Year.init)
    }

    enum CodingKeys: String, CodingKey {
      case gain, disallowed, lost, recognized, tax, years
      case recognizedShort = "recognized_short"
      case recognizedLong = "recognized_long"
      case gainInIRA = "gain_in_ira"
    }
  }

  /// The netting of a year: recognized and carried to it, net of each term, net across, deducted
  /// from ordinary income, carried forward.
  struct Year: Encodable, Sendable {
    let year: Int
    let recognized, carriedIn, net, taxable, carriedForward: Terms
    let disallowed, deduction, tax: Double

    init(_ taxes: TaxReturn) {
      year = taxes.year
      recognized = Terms(taxes.totals.gains)
      disallowed = taxes.totals.disallowed
      carriedIn = Terms(taxes.carried)
      net = Terms(taxes.netting.net)
      taxable = Terms(taxes.netting.taxable)
      deduction = taxes.netting.deduction
      carriedForward = Terms(taxes.netting.carryforward)
      tax = taxes.tax
    }

    enum CodingKeys: String, CodingKey {
      case year, recognized, net, taxable, disallowed, deduction, tax
      case carriedIn = "carried_in"
      case carriedForward = "carried_forward"
    }
  }
}
