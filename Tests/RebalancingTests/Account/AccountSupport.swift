import Algebra
import Gym
import Rebalancing
import Testing

/// Four lognormal assets, the last of them cash, with lots.
func accountTask(
  _ tax: LotTax?, cashTarget: Double = 0.05, lotsPerAsset: Int = 64, horizon: Int = 200,
  costs: TradingCosts? = nil
) throws -> RebalancingTask {
  var task = try smallTask(
    assets: 4, volatility: [0.03, 0.02, 0.025, 0.0001], correlation: 0.2, horizon: horizon)
  task.targets = [0.4, 0.3, 0.3 - cashTarget, cashTarget]
  task.costs =
    costs
    ?? TradingCosts(
      assets: [0.001, 0.0005, 0.002, 0].map { AssetCosts(halfSpread: $0) }, cash: 3)
  task.payment = .cash(asset: 3)
  task.initialValue = 250_000
  task.initialPrices = [100, 20, 7, 1]
  if var tax {
    tax.lotsPerAsset = lotsPerAsset
    task.tax = .lots(tax)
  }
  return task
}

/// Steps eight lanes beside one lane each.
func expectTwins(_ task: RebalancingTask, steps: Int, count: Int = 11) {
  var fast = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: count)
  var slow = BatchedRebalancingEnvironment<Double>(task, count: count)
  var scalars = (0..<count).map { RebalancingEnvironment<Double>(task, copy: UInt32($0)) }
  var fastStep = VectorTransition(for: fast)
  var slowStep = fastStep
  fast.reset(seed: 9, into: &fastStep)
  slow.reset(seed: 9, into: &slowStep)
  for i in scalars.indices { _ = scalars[i].reset(seed: 9) }
  for step in 0..<steps {
    let actions = (0..<count).map {
      Int32(action(copy: $0, step: step, of: task.actionCount))
    }
    fast.step(actions, into: &fastStep)
    slow.step(actions, into: &slowStep)
    guard fastStep.bits == slowStep.bits else {
      Issue.record("step \(step)")
      return
    }
    for i in scalars.indices {
      let own = scalars[i].step(Int(actions[i]))
      let seen = own.isLast ? scalars[i].reset(seed: nil) : own.observation
      let shown = fastStep.observation(of: i)
      guard Float(own.reward) == fastStep.rewards[i],
        seen.map(\.bitPattern) == shown.map(\.bitPattern)
      else {
        Issue.record("step \(step), copy \(i)")
        return
      }
    }
  }
}
