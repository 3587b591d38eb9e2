import Algebra
import Gym
import Markets
import Rebalancing
import Testing

/// The action of a copy at a step, by chance.
func action(copy: Int, step: Int, of count: Int) -> Int {
  RandomSource(seed: 99).integer(
    below: count, .exploration, copy: UInt32(copy), step: UInt32(step))
}

/// The actions of all copies at a step, by chance.
func actions(_ copies: Range<Int>, step: Int, of task: RebalancingTask) -> [Int32] {
  copies.map { Int32(action(copy: $0, step: step, of: task.actions.count)) }
}

/// The actions of all copies at a step where they are a box, by chance: some outside of it, and for
/// every seventh copy nothing but 0.
func values(_ copies: Range<Int>, step: Int, of task: RebalancingTask) -> [Float] {
  copies.flatMap { copy in
    (0..<task.actionSpace.size).map { dimension in
      let u = RandomSource(seed: 98).uniform(
        .exploration, copy: UInt32(copy), step: UInt32(step), draw: dimension)
      return (copy + step) % 7 == 0 ? 0 : Float(1.4 * u - 0.2)
    }
  }
}

extension VectorTransition {
  /// Everything in it, as bit patterns.
  var bits: [UInt32] {
    (observations + finalObservations + rewards).map(\.bitPattern)
      + (terminated + truncated).map { $0 ? 1 : 0 }
  }

  /// A row of the observations.
  func observation(of copy: Int) -> [Float] {
    let features = observations.count / rewards.count
    return Array(observations[copy * features..<(copy + 1) * features])
  }

  /// Reward, flags and observation of some copies, as bit patterns.
  func bits(of copies: Range<Int>) -> [UInt32] {
    copies.flatMap { copy in
      observation(of: copy).map(\.bitPattern) + [
        rewards[copy].bitPattern, terminated[copy] ? 1 : 0, truncated[copy] ? 1 : 0,
      ]
    }
  }
}

/// The market of one copy, walked beside an environment.
struct MarketWalk<Real>
where Real: Lanes & BinaryFloatingPoint, Real.Scalar == Real, Real.Words == UInt32 {
  private let market: Market<Real>
  private let source: RandomSource
  private let copy: UInt32
  private var state: [Real]

  init(_ task: RebalancingTask, seed: UInt64, copy: UInt32) {
    market = Market(task.market)
    source = RandomSource(seed: seed)
    self.copy = copy
    state = Array(repeating: 0, count: market.stateCount)
  }

  /// Gross returns per asset of one step; step 0 begins the episode.
  mutating func next(episode: UInt32, step: UInt32) -> [Real] {
    let path = MarketPath<Real>(source: source, copy: copy, episode: episode, step: step)
    var growth = [Real](repeating: 0, count: market.assetCount)
    var logReturns = growth
    var income = market.paysDividends ? growth : []
    var memory = state
    var states = memory.mutableSpan
    var growths = growth.mutableSpan
    var returns = logReturns.mutableSpan
    var incomes = income.mutableSpan
    if step == 0 { market.begin(path, where: Real.Mask(repeating: true), state: &states) }
    let paths = [path]
    market.move(
      paths.span, state: &states, growth: &growths, logReturns: &returns, income: &incomes)
    state = memory
    return growth
  }
}

/// A small taxed task of two lognormal assets, to change one thing of.
func smallTask(
  assets: Int = 2, volatility: [Double] = [0.03, 0.02], correlation: Double = 0.25,
  horizon: Int = 50
) throws -> RebalancingTask {
  let names = (0..<assets).map { "ASSET\($0)" }
  let matrix = (0..<assets).map { i in (0..<assets).map { i == $0 ? 1 : correlation } }
  let market = try LognormalMarket<Double>(
    driftPerStep: Array(repeating: 0.001, count: assets), volatilityPerStep: volatility,
    correlation: matrix, stepsPerYear: 250)
  let start = try #require(CalendarDate(year: 2020, month: 1, day: 15))
  return RebalancingTask(
    id: "small-v0", assets: names,
    targets: Array(repeating: 1 / Double(assets), count: assets), market: .lognormal(market),
    stepsPerYear: 250, horizon: horizon, startDate: start, actions: [0, 0.5, 1],
    costs: TradingCosts(perUnit: Array(repeating: 0.001, count: assets)),
    driftCost: .quadratic(riskAversion: 4),
    observation: ObservationBuilder(
      features: [.weightDeviation, .lastLogReturn, .unrealizedGain], assetCount: assets))
}

/// A history whose levels are the running products of daily gross returns.
func history(growth: [[Double]], firstDay: Int = 18_000) -> PriceHistory {
  let count = growth.first?.count ?? 0
  var levels = [Array(repeating: 100.0, count: count)]
  for row in growth { levels.append(zip(levels[levels.count - 1], row).map { $0 * $1 }) }
  return PriceHistory(
    assets: (0..<count).map { "ASSET\($0)" },
    dates: levels.indices.map { CalendarDate(daysSinceEpoch: firstDay + $0) },
    levels: levels.flatMap { $0 })
}

/// Whether two numbers agree relative to the larger, or to 1 where both are small.
func isClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(a), abs(b))
}
