import Markets
import Rebalancing

/// What the lower bound needs of a task: proportional costs, quadratic drift cost, normal returns.
struct RelaxedTask: Sendable {
  let count: Int
  /// w*
  let targets: [Double]
  /// κ, one per asset.
  let costs: [Double]
  /// γ Σ Δt of each regime: the drift cost is ½ dᵀHd; shape [regimes][assets, assets].
  let drifts: [[Double]]
  let law: GaussianLaw
  let market: Market<Double>
  let horizon: Int
  let stepsPerYear: Double

  /// - Throws: where something of the task is not covered; the message names the key.
  init(_ task: RebalancingTask) throws(NoLowerBound) {
    guard let law = task.market.gaussianLaw else {
      throw NoLowerBound(
        task, "market", "returns must be normal: log_ratio, normal, lognormal or regimes")
    }
    guard case .quadratic(let riskAversion) = task.driftCost, riskAversion > 0 else {
      throw NoLowerBound(task, "drift_cost", "it must be quadratic, with a risk_aversion above 0")
    }
    switch task.tax {
    case .none, .averageCost(rate: 0): break
    case .averageCost:
      throw NoLowerBound(
        task, "tax_rate",
        "credits for losses may make tax negative; with tax_rate=0 there is a bound")
    case .lots:
      throw NoLowerBound(task, "tax", "credits for losses may make it negative")
    }
    guard case .proRata = task.payment else {
      throw NoLowerBound(task, "pay_from", "costs must be paid pro rata")
    }
    guard task.flows.isEmpty else {
      throw NoLowerBound(task, "deposit", "there must be no deposits, withdrawals or other flows")
    }
    guard let costs = task.costs.proportionalPerUnit else {
      throw NoLowerBound(
        task, "half_spread_bp",
        "costs must be in proportion to trades, without tickets, minima, impact or filters")
    }
    guard !task.needsAccount else {
      throw NoLowerBound(task, "market", "it must not be interrupted")
    }
    guard costs.allSatisfy({ $0 >= 0 && $0 < 0.5 }), costs.contains(where: { $0 > 0 }) else {
      throw NoLowerBound(task, "half_spread_bp", "costs must be from 0 to below 50 %, not all 0")
    }
    count = task.targets.count
    targets = task.targets
    self.costs = costs
    drifts = law.regimes.map { regime in
      regime.covariancePerYear.map { $0 * riskAversion / task.stepsPerYear }
    }
    self.law = law
    market = task.market
    horizon = task.horizon
    stepsPerYear = task.stepsPerYear
    for drift in drifts {
      do { try TangentForm(of: drift, assets: count).checkPositive() } catch {
        throw NoLowerBound(task, "correlation", "some assets move as one: \(error)")
      }
    }
  }
}

/// Why a task has no lower bound here.
public struct NoLowerBound: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ task: RebalancingTask, _ key: String, _ reason: String) {
    description = "\(task.id) has no lower bound on its cost: \(key) is in the way: \(reason)"
  }

  init(_ reason: String) { description = reason }
}
