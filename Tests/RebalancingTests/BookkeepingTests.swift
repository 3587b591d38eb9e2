import Algebra
import Gym
import Markets
import Rebalancing
import Testing

/// What one step must lead to, in currency, asset by asset.
private struct CurrencyBooks {
  var holdings: [Double]
  var basis: [Double]
  var transactionCost = 0.0
  var tax = 0.0

  /// Trades a fraction of the way, pays pro rata, then applies gross returns.
  init(_ before: PortfolioSnapshot, _ task: RebalancingTask, fraction: Double, growth: [Double]) {
    let value = before.holdings.reduce(0, +)
    var rate = 0.0
    if case .averageCost(let given) = task.tax { rate = given }
    holdings = before.holdings
    basis = before.basis ?? []
    for i in holdings.indices {
      let trade = fraction * (task.targets[i] * value - holdings[i])
      transactionCost += abs(trade) * (task.costs.proportionalPerUnit ?? [])[i]
      if trade < 0 {
        let soldBasis = basis[i] * -trade / holdings[i]
        tax += rate * (-trade - soldBasis)
        basis[i] -= soldBasis
      } else {
        basis[i] += trade
      }
      holdings[i] += trade
    }
    let kept = 1 - (transactionCost + tax) / value
    for i in holdings.indices {
      holdings[i] *= kept * growth[i]
      basis[i] *= kept
    }
  }
}

@Suite struct BookkeepingTests {
  /// Steps an environment by chance, with its state before and the market's move at every step.
  private func walk<Real>(
    _ real: Real.Type, _ task: RebalancingTask, steps: Int = 400,
    _ check: (PortfolioSnapshot, Double, [Double], StepOutcome, PortfolioSnapshot) -> Void
  ) where Real: Lanes & BinaryFloatingPoint, Real.Scalar == Real, Real.Words == UInt32 {
    var environment = RebalancingEnvironment<Real>(task, copy: 2)
    var moves = MarketWalk<Real>(task, seed: 11, copy: 2)
    var episode: UInt32 = 0
    var step = 0
    _ = environment.reset(seed: 11)
    for index in 0..<steps {
      if environment.hasEnded {
        _ = environment.reset(seed: nil)
        (episode, step) = (episode + 1, 0)
      }
      let growth = moves.next(episode: episode, step: UInt32(step))
      let before = environment.snapshot
      let fraction = task.actions[action(copy: 2, step: index, of: task.actions.count)]
      let outcome = environment.advance(fraction: fraction)
      check(before, fraction, growth.map { Double($0) }, outcome, environment.snapshot)
      step += 1
    }
  }

  private func expectBooks<Real>(
    _ real: Real.Type, _ task: RebalancingTask, tolerance: Double
  ) where Real: Lanes & BinaryFloatingPoint, Real.Scalar == Real, Real.Words == UInt32 {
    walk(real, task) { before, fraction, growth, outcome, after in
      let books = CurrencyBooks(before, task, fraction: fraction, growth: growth)
      let value = outcome.valueBefore
      #expect(outcome.identityError < tolerance)
      #expect(isClose(outcome.transactionCost, books.transactionCost / value, 1e-14))
      #expect(isClose(outcome.taxCost, books.tax / value, 1e-14))
      #expect(isClose(outcome.valueAfter, books.holdings.reduce(0, +), tolerance))
      for i in task.assets.indices {
        #expect(isClose(after.holdings[i], books.holdings[i], tolerance))
        #expect(isClose(after.basis?[i] ?? .nan, books.basis[i], tolerance))
      }
    }
  }

  @Test(arguments: Shipped.plainNames)
  func `the books balance at every step to 1e-9`(_ name: String) throws {
    expectBooks(Double.self, try Shipped.task(name), tolerance: 1e-9)
  }

  @Test(arguments: Shipped.plainNames)
  func `in Float the identity holds at every step to 1e-6`(_ name: String) throws {
    walk(Float.self, try Shipped.task(name)) { _, _, _, outcome, _ in
      #expect(outcome.identityError < 1e-6)
    }
  }

  @Test(arguments: Shipped.plainNames)
  func `a step without trade costs nothing and keeps every holding`(_ name: String) throws {
    let task = try Shipped.task(name)
    walk(Double.self, task) { before, fraction, growth, outcome, after in
      guard fraction == 0 else { return }
      #expect(outcome.transactionCost == 0 && outcome.taxCost == 0)
      #expect(outcome.turnover == 0 && !outcome.isTrade)
      #expect(after.lastTrade == before.lastTrade)
      for i in growth.indices {
        #expect(isClose(after.holdings[i], before.holdings[i] * growth[i], 1e-12))
      }
    }
  }

  @Test(arguments: Shipped.plainNames)
  func `full at the target is no trade`(_ name: String) throws {
    var environment = RebalancingEnvironment<Double>(try Shipped.task(name))
    _ = environment.reset(seed: 1)
    let outcome = environment.advance(fraction: 1)
    #expect(outcome.transactionCost == 0 && outcome.taxCost == 0 && outcome.driftCost == 0)
    #expect(!outcome.isTrade)
  }

  @Test(arguments: Shipped.plainNames)
  func `half of the way costs exactly half, in tax too`(_ name: String) throws {
    let task = try Shipped.task(name)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    for _ in 0..<min(40, task.horizon - 1) {
      _ = environment.advance(fraction: 0)
      var half = environment
      var full = environment
      let (partial, whole) = (half.advance(fraction: 0.5), full.advance(fraction: 1))
      #expect(whole.transactionCost > 0)
      #expect(partial.transactionCost == whole.transactionCost / 2)
      #expect(partial.taxCost == whole.taxCost / 2)
      #expect(partial.turnover == whole.turnover / 2)
    }
  }

  @Test func `the market does not feel the actions`() throws {
    let task = try smallTask()
    var still = RebalancingEnvironment<Double>(task)
    var busy = still
    _ = still.reset(seed: 8)
    _ = busy.reset(seed: 8)
    for step in 0..<50 {
      _ = still.step(0)
      _ = busy.step(1 + step % 2)
      #expect(still.snapshot.lastLogReturns == busy.snapshot.lastLogReturns)
    }
  }

  @Test func `a trade is remembered by its date`() throws {
    let task = try smallTask()
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 8)
    #expect(environment.snapshot.lastTrade == task.startDate)
    _ = environment.step(0)
    let date = environment.date
    _ = environment.step(1)
    _ = environment.step(0)
    #expect(environment.snapshot.lastTrade == date)
    #expect(environment.snapshot.defect == nil)
  }
}
