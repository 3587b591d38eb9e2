import Algebra
import Markets
package import Rebalancing

/// The requests that production would send on the paths of an environment: snapshots with prices,
/// their days, and the day of the request.
package struct ProductionPaths: Sendable {
  package let task: RebalancingTask
  package let policy: any Trigger
  package let seed: UInt64
  /// Paths; one on data that is replayed from a fixed day.
  package let copies: Range<UInt32>
  /// Steps of each path that are shown.
  package let steps: Range<Int>

  package init(
    _ task: RebalancingTask, policy: any Trigger, seed: UInt64, copies: Range<UInt32>,
    steps: Range<Int>? = nil
  ) {
    self.task = task.informing(policy)
    self.policy = policy
    self.seed = seed
    self.copies = copies
    self.steps = steps ?? 0..<task.horizon
  }

  /// Shows every request, with the number of its path.
  package func visit(_ body: (PortfolioSnapshot, UInt32) -> Void) {
    for copy in copies {
      var environment = RebalancingEnvironment<Double>(task, copy: copy)
      _ = environment.reset(seed: seed)
      var prices = task.initialPrices
      var before: [Double]?
      var step = 0
      while !environment.hasEnded, step < steps.upperBound {
        let snapshot = environment.snapshot
        if steps.contains(step) {
          body(snapshot.asked(prices: prices, before: before), copy)
        }
        _ = environment.advance(policy.decide(snapshot))
        before = prices
        let returns = environment.snapshot.lastLogReturns ?? []
        prices = zip(prices, returns).map { $0 * Double.exp($1) }
        step += 1
      }
    }
  }
}

extension PortfolioSnapshot {
  /// The same, asked for on its day with prices of that day.
  fileprivate func asked(prices: [Double], before: [Double]?) -> PortfolioSnapshot {
    var asked = self
    asked.prices = prices
    asked.units = zip(holdings, prices).map { $0 / $1 }
    asked.previousPrices = before
    asked.priceDates = assets.map { _ in date }
    asked.requestedOn = UTCTime(date)
    return asked
  }
}
