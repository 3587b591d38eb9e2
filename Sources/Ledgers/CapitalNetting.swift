/// The gains and losses of a year set against each other: short term with short term, long term with
/// long term, then across (Schedule D of Form 1040).
///
/// A net loss is deducted from ordinary income up to a limit; the rest is carried to the next year
/// and keeps its term.
public struct CapitalNetting: Hashable, Sendable {
  /// The limit of a return; 1,500 for each of a couple filing separately.
  public static let ordinaryIncomeLimit = 3_000.0

  /// Gains of the year and losses carried to it, term by term (lines 7 and 15).
  public let net: CapitalGains
  /// What is left of `net` after netting across and is taxed; at least 0.
  public let taxable: CapitalGains
  /// The deduction from ordinary income that the limit allows (line 21); at least 0.
  public let deduction: Double
  /// The part of `deduction` that ordinary income can take; the rest is carried on.
  public let usedDeduction: Double
  /// Losses carried to the next year; at least 0.
  public let carryforward: CapitalGains

  /// - Parameters:
  ///   - gains: the year's recognized gains less losses.
  ///   - carried: losses carried from the year before, at least 0.
  ///   - limit: of the deduction, at least 0.
  ///   - taxableIncome: what is left of income after all deductions, this one included; negative
  ///     where the deductions exceed it. Without limit if absent.
  public init(
    _ gains: CapitalGains, carried: CapitalGains = CapitalGains(),
    limit: Double = ordinaryIncomeLimit, taxableIncome: Double = .infinity
  ) {
    let short = gains.shortTerm - carried.shortTerm
    let long = gains.longTerm - carried.longTerm
    net = CapitalGains(shortTerm: short, longTerm: long)
    taxable = CapitalGains(
      shortTerm: max(0, short + min(0, long)), longTerm: max(0, long + min(0, short)))
    deduction = min(limit, max(0, -(short + long)))
    usedDeduction = Self.usedDeduction(of: deduction, taxableIncome: taxableIncome)
    carryforward = Self.carryforward(net: net, usedDeduction: usedDeduction)
  }

  /// Lines 1 to 4 of the Capital Loss Carryover Worksheet.
  private static func usedDeduction(of deduction: Double, taxableIncome: Double) -> Double {
    min(deduction, max(0, taxableIncome + deduction))
  }

  /// Lines 5 to 13: the deduction uses short-term losses first.
  private static func carryforward(net: CapitalGains, usedDeduction: Double) -> CapitalGains {
    let shortLoss = max(0, -net.shortTerm)
    let longLoss = max(0, -net.longTerm)
    return CapitalGains(
      shortTerm: max(0, shortLoss - usedDeduction - max(0, net.longTerm)),
      longTerm: max(0, longLoss - max(0, usedDeduction - shortLoss) - max(0, net.shortTerm)))
  }
}
