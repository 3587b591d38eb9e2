public import Algebra
import Markets

/// When tax is paid.
public enum TaxPayment: String, Sendable, Hashable, CaseIterable, Codable {
  /// In the step that changes the year's liability.
  case immediate
  /// On the first step from 15 April of the next year on, for the whole year.
  case annual
}

/// The tax account of a portfolio, in each lane: a year's gains and losses, what was carried into it
/// and what is owed.
///
/// Short-term losses offset short-term gains first and long-term ones long-term gains, then each the
/// other. A net loss is credited at the short rate up to a limit; the rest is carried forward with its
/// character (US Schedule D and its carry-over worksheet).
public struct TaxPosition<L: Lanes>: Sendable {
  /// Short-term gains less losses of the year, in currency.
  public var short: L
  /// Long-term gains less losses of the year.
  public var long: L
  /// Short-term losses of earlier years, positive.
  public var carriedShort: L
  /// Long-term losses of earlier years, positive.
  public var carriedLong: L
  /// Tax paid on this year's liability so far; negative for a credit.
  public var paid: L
  /// Tax of closed years that is not yet paid.
  public var due: L
  /// Qualified dividends of the year, in currency.
  public var dividends: L
  /// The first day of the next year, in days since 1970-01-01.
  public var yearEnd: L

  /// Numbers in an account.
  public static var count: Int { 8 }

  /// An account in which nothing has happened; `begin` starts it.
  public init() {
    short = L(repeating: 0)
    long = short
    carriedShort = short
    carriedLong = short
    paid = short
    due = short
    dividends = short
    yearEnd = short
  }

  /// The account whose numbers lie from an offset on.
  public init(_ state: Span<L>, at offset: Int) {
    short = state[offset]
    long = state[offset + 1]
    carriedShort = state[offset + 2]
    carriedLong = state[offset + 3]
    paid = state[offset + 4]
    due = state[offset + 5]
    yearEnd = state[offset + 6]
    dividends = state[offset + 7]
  }

  /// Writes the account's numbers from an offset on.
  public func write(to state: inout MutableSpan<L>, at offset: Int) {
    state[offset] = short
    state[offset + 1] = long
    state[offset + 2] = carriedShort
    state[offset + 3] = carriedLong
    state[offset + 4] = paid
    state[offset + 5] = due
    state[offset + 6] = yearEnd
    state[offset + 7] = dividends
  }

  /// Starts lanes afresh on a day.
  public mutating func begin(on day: L, where lanes: L.Mask) {
    let zero = L(repeating: 0)
    short = short.replacing(with: zero, where: lanes)
    long = long.replacing(with: zero, where: lanes)
    carriedShort = carriedShort.replacing(with: zero, where: lanes)
    carriedLong = carriedLong.replacing(with: zero, where: lanes)
    paid = paid.replacing(with: zero, where: lanes)
    due = due.replacing(with: zero, where: lanes)
    dividends = dividends.replacing(with: zero, where: lanes)
    yearEnd = yearEnd.replacing(with: firstDaysOfNextYear(day, where: lanes), where: lanes)
  }

  // MARK: - Liability

  /// The year's result after netting, outside gains included: gains positive, losses negative, never
  /// of opposite signs.
  private func net(_ outside: OutsideGains) -> (short: L, long: L) {
    let zero = L(repeating: 0)
    var short = short - carriedShort
    var long = long - carriedLong
    if !outside.isEmpty {
      short = short + L(repeating: L.Scalar(outside.short))
      long = long + L(repeating: L.Scalar(outside.long))
    }
    let across = L.smaller(short.absolute, long.absolute)
      .masked((short .< zero) .& (zero .< long) .| (long .< zero) .& (zero .< short))
    let signed = across.replacing(with: zero - across, where: zero .< short)
    return (short + signed, long - signed)
  }

  /// The year's tax on gains and carried losses so far, less what outside gains would be taxed at
  /// alone; negative where a loss is credited.
  public func liability(_ rates: CapitalTaxRates) -> L {
    let zero = L(repeating: 0)
    let (short, long) = net(rates.outside)
    var gains =
      L.larger(short, zero) * L(repeating: L.Scalar(rates.short))
      + L.larger(long, zero) * L(repeating: L.Scalar(rates.long))
    if !rates.outside.isEmpty {
      let alone = rates.outside.short * rates.short + rates.outside.long * rates.long
      gains = gains - L(repeating: L.Scalar(alone))
    }
    let losses = (L.larger(zero - short, zero)) + L.larger(zero - long, zero)
    let credited = L.smaller(losses, L(repeating: L.Scalar(rates.lossLimit)))
    return gains + dividends * L(repeating: L.Scalar(rates.dividends)) - credited
      * L(repeating: L.Scalar(rates.short))
  }

  /// Enters realised gains and losses.
  public mutating func realize(_ gains: RealizedGains<L>) {
    short = short + gains.short
    long = long + gains.long
  }

  // MARK: - Time

  /// Closes the year where `day` lies in a later one, and pays what has become payable.
  ///
  /// To be called once a step, before its trades; steps are shorter than a year. Where tax is
  /// `immediate`, `payLiability` after the trades is the rest of a step.
  ///
  /// - Returns: the tax paid, negative for a refund.
  public mutating func advance(
    to day: L, rates: CapitalTaxRates, payment: TaxPayment, where lanes: L.Mask
  ) -> L {
    let isOver = lanes .& (yearEnd .<= day)
    if isOver.isAnyTrue { closeYear(on: day, rates: rates, where: isOver) }
    let zero = L(repeating: 0)
    guard payment == .annual else {
      // What the last step of the year left over, such as a dividend after its trades.
      let payment = due.masked(lanes)
      due = due - payment
      return payment
    }
    let isDue = lanes .& ((due .< zero) .| (zero .< due)) .& isPayable(on: day)
    let paidNow = due.masked(isDue)
    due = due - paidNow
    return paidNow
  }

  /// Whether a day is 15 April or later; 261 days are left of the year on 15 April.
  private func isPayable(on day: L) -> L.Mask { yearEnd - L(repeating: 261) .<= day }

  private mutating func closeYear(on day: L, rates: CapitalTaxRates, where lanes: L.Mask) {
    let zero = L(repeating: 0)
    let owed = liability(rates) - paid
    due = due + owed.masked(lanes)
    let (short, long) = net(rates.outside)
    let shortLoss = L.larger(zero - short, zero)
    let longLoss = L.larger(zero - long, zero)
    // The limit is used by short-term losses first.
    let limit = L(repeating: L.Scalar(rates.lossLimit))
    let shortUsed = L.smaller(shortLoss, limit)
    let longUsed = L.smaller(longLoss, limit - shortUsed)
    carriedShort = carriedShort.replacing(with: shortLoss - shortUsed, where: lanes)
    carriedLong = carriedLong.replacing(with: longLoss - longUsed, where: lanes)
    self.short = self.short.replacing(with: zero, where: lanes)
    self.long = self.long.replacing(with: zero, where: lanes)
    paid = paid.replacing(with: zero, where: lanes)
    dividends = dividends.replacing(with: zero, where: lanes)
    yearEnd = yearEnd.replacing(with: firstDaysOfNextYear(day, where: lanes), where: lanes)
  }

  private func firstDaysOfNextYear(_ day: L, where lanes: L.Mask) -> L {
    var first = yearEnd
    for lane in 0..<L.laneCount where lanes[lane: lane] {
      let year = CalendarDate(daysSinceEpoch: Int(day[lane: lane])).year
      if let date = CalendarDate(year: year + 1, month: 1, day: 1) {
        first[lane: lane] = L.Scalar(date.daysSinceEpoch)
      }
    }
    return first
  }

  /// Pays what the year's liability has changed by; the tax of a step where tax is `immediate`.
  ///
  /// - Returns: the tax paid; negative for a credit, which gains and the limit bound.
  public mutating func payLiability(_ rates: CapitalTaxRates, where lanes: L.Mask) -> L {
    let payment = (liability(rates) - paid).masked(lanes)
    paid = paid + payment
    return payment
  }

  /// Tax on what has happened so far that is not yet paid.
  public func accrued(_ rates: CapitalTaxRates) -> L { due + (liability(rates) - paid) }

  /// Pays all that is accrued, at an episode's end.
  public mutating func settle(_ rates: CapitalTaxRates, where lanes: L.Mask) -> L {
    let closed = due.masked(lanes)
    due = due - closed
    return closed + payLiability(rates, where: lanes)
  }

  /// By how much further gains would change the year's liability.
  public func tax(on gains: RealizedGains<L>, _ rates: CapitalTaxRates) -> L {
    var later = self
    later.realize(gains)
    return later.liability(rates) - liability(rates)
  }
}
