/// When tax is paid.
public enum TaxTiming: String, Hashable, Sendable, CaseIterable {
  /// At once: each payment is what the year's tax has grown by, and a loss gives back at most what
  /// gains of the year and the deduction from ordinary income allow.
  case immediate
  /// For the whole year on 15 April of the next, or on the first day after it that is asked.
  case annual
}

/// What a taxpayer has paid, and still owes.
public struct TaxAccount: Hashable, Sendable {
  public let timing: TaxTiming
  /// Payments less refunds so far.
  public private(set) var paid = 0.0

  public init(_ timing: TaxTiming) { self.timing = timing }

  /// The tax that has arisen and is not paid yet, due or not; negative for a refund.
  public func accrued(_ returns: [TaxReturn]) -> Double {
    returns.reduce(0) { $0 + $1.tax } - paid
  }

  /// Pays what is due on a day.
  ///
  /// - Parameter returns: of all years through that of the day, by the present state of the ledger.
  /// - Returns: the payment; negative for a refund.
  public mutating func settle(_ returns: [TaxReturn], on day: Day) -> Double {
    let due = returns.filter { isDue($0.year, on: day) }.reduce(0) { $0 + $1.tax }
    let payment = due - paid
    paid = due
    return payment
  }

  private func isDue(_ year: Int, on day: Day) -> Bool {
    switch timing {
    case .immediate: true
    case .annual:
      year + 1 < day.year
        || year + 1 == day.year && (day.month, day.dayOfMonth) >= (4, 15)
    }
  }
}
