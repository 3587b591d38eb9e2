import Foundation
import Rebalancing

/// Closed forms of the two-asset problem without drift in continuous time, for small costs.
///
/// `x = w − w*` diffuses with volatility `s = σ w*(1−w*)`; the running cost is `k x²` with
/// `k = γσ²/2`, a trade costs `κ|Δx|`. For a trigger h that trades to θh the occupation of x has
/// variance `h² V`, `V = (1−θ⁴)/(6(1−θ²))`, and turnover `s²/(h² (1+θ)) · h`.
public struct SmallCostForms: Sendable, Hashable {
  /// One rule at its best parameter.
  public struct Form: Sendable, Hashable {
    public let rule: String
    /// Half-width in weight, or period in years.
    public let parameter: Double
    /// Per year, as a fraction of value.
    public let cost: Double
    /// Over the cost of the optimal rule; `nil` where the rule pays another kind of cost.
    public let ratio: Double?
    /// `√E[x²]` in weight.
    public let deviation: Double
    /// `|Δx|` per year.
    public let turnover: Double
  }

  /// The optimal rule first.
  public let forms: [Form]

  /// - Parameters:
  ///   - target: w* in (0, 1).
  ///   - volatility: σ of the log ratio per √year.
  ///   - costPerUnit: κ > 0, cost of both legs.
  ///   - riskAversion: γ > 0.
  ///   - fixedCost: K of a trade as a fraction of value; 0 leaves its row out.
  public init(
    target: Double, volatility: Double, costPerUnit: Double, riskAversion: Double,
    fixedCost: Double = 0
  ) throws(NoReferenceSolution) {
    guard target > 0, target < 1 else {
      throw NoReferenceSolution("the target is \(target), a number between 0 and 1 is valid")
    }
    for (name, value) in [
      ("sigma", volatility), ("kappa", costPerUnit), ("gamma", riskAversion),
    ] where !(value > 0 && value.isFinite) {
      throw NoReferenceSolution("\(name) is \(value), a number above 0 is valid")
    }
    guard fixedCost >= 0, fixedCost.isFinite else {
      throw NoReferenceSolution("the fixed cost is \(fixedCost), 0 or more is valid")
    }
    let s = volatility * target * (1 - target)
    let k = riskAversion * volatility * volatility / 2
    let h = closedFormHalfWidth(
      costPerUnit: costPerUnit, riskAversion: riskAversion, target: target)
    let optimum = k * h * h
    func form(_ rule: String, _ parameter: Double, _ deviation: Double, _ turnover: Double) -> Form
    {
      let cost = k * deviation * deviation + costPerUnit * turnover
      return Form(
        rule: rule, parameter: parameter, cost: cost, ratio: cost / optimum,
        deviation: deviation, turnover: turnover)
    }
    var forms = [form("to the edge", h, h / 3.0.squareRoot(), s * s / (2 * h))]
    for theta in [0, 0.25, 0.5, 0.75, 0.875] {
      let variance = (1 - pow(theta, 4)) / (6 * (1 - theta * theta))
      let trigger = cbrt(costPerUnit * s * s / ((1 + theta) * 2 * k * variance))
      forms.append(
        form(
          theta == 0 ? "to the target" : "to \(theta) of the trigger", trigger,
          trigger * variance.squareRoot(), s * s / ((1 + theta) * trigger)))
    }
    let period = pow(costPerUnit * (2 / Double.pi).squareRoot() / (k * s), 2.0 / 3)
    forms.append(
      form(
        "calendar, to the target", period, s * (period / 2).squareRoot(),
        s * (2 / (Double.pi * period)).squareRoot()))
    if fixedCost > 0 {
      let trigger = pow(6 * fixedCost * s * s / k, 0.25)
      forms.append(
        Form(
          rule: "fixed cost alone, to the target", parameter: trigger,
          cost: k * trigger * trigger / 3, ratio: nil,
          deviation: trigger / 6.0.squareRoot(), turnover: s * s / trigger))
    }
    self.forms = forms
  }
}
