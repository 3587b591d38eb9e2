import Foundation

/// What it is worth to realise a loss now instead of at the end.
///
/// Realising the loss L saves τ_s L of tax, which is invested at r until the end and then taxed on its
/// growth; the basis is lower by L, which costs τ_l L at the end: the gain after T years is
/// `τ_s L [(1+r)^T (1−τ_l) + τ_l] − τ_l L`. It may be negative where τ_s < τ_l.
public struct HarvestedLoss: Sendable, Hashable {
  /// In the currency of the loss, at the end.
  public let gain: Double
  /// The gain that a year's return makes of today's saving alone: the part of deferral.
  public let gainAtEqualRates: Double

  /// - Parameters:
  ///   - loss: L ≥ 0.
  ///   - years: T ≥ 0.
  ///   - annualReturn: r above −1.
  ///   - shortRate: τ_s in [0, 1), the rate at which the loss is deducted now.
  ///   - longRate: τ_l in [0, 1), the rate of gains at the end.
  public init(
    loss: Double, years: Double, annualReturn: Double, shortRate: Double, longRate: Double
  ) throws(NoReferenceSolution) {
    for (name, value) in [("loss", loss), ("time", years)] where !(value >= 0 && value.isFinite) {
      throw NoReferenceSolution("the \(name) is \(value), 0 or more is valid")
    }
    guard annualReturn > -1, annualReturn.isFinite else {
      throw NoReferenceSolution("the return is \(annualReturn), a number above -1 is valid")
    }
    try validate(rate: shortRate, "short-term")
    try validate(rate: longRate, "long-term")
    func gain(at rate: Double) -> Double {
      rate * loss * (pow(1 + annualReturn, years) * (1 - longRate) + longRate) - longRate * loss
    }
    self.gain = gain(at: shortRate)
    gainAtEqualRates = gain(at: longRate)
    guard self.gain.isFinite else {
      throw NoReferenceSolution("a return of \(annualReturn) over \(years) years is no number")
    }
  }
}

/// Refuses a tax rate outside [0, 1).
func validate(rate: Double, _ name: String) throws(NoReferenceSolution) {
  guard rate >= 0, rate < 1 else {
    throw NoReferenceSolution("the \(name) rate is \(rate), a number from 0 to below 1 is valid")
  }
}
