import Algebra
import Markets

/// A path of a market, one group of lanes, walked step by step.
struct Walk<L: Lanes> {
  let market: Market<L.Scalar>
  var path: MarketPath<L>
  private(set) var state: [L]
  private(set) var growth: [L]
  private(set) var logReturns: [L]
  private(set) var income: [L]

  /// Stands at the beginning of the episode; a lane's copy is `firstCopy` plus its number.
  init(
    _ market: Market<L.Scalar>, seed: UInt64 = 17, firstCopy: UInt32 = 0, episode: UInt32 = 0
  ) {
    self.market = market
    var copies = L.Words(word: 0)
    for lane in 0..<L.laneCount { copies[lane: lane] = firstCopy + UInt32(lane) }
    path = MarketPath(
      source: RandomSource(seed: seed), copy: copies, episode: L.Words(word: episode),
      step: L.Words(word: 0))
    state = Array(repeating: L(repeating: 0), count: market.stateCount)
    growth = Array(repeating: L(repeating: 0), count: market.assetCount)
    logReturns = growth
    income = market.paysDividends ? growth : []
    state = begun
  }

  /// The state at the beginning.
  private var begun: [L] {
    var state = state
    var span = state.mutableSpan
    market.begin(path, where: L.Mask(repeating: true), state: &span)
    return state
  }

  /// Lets the market move.
  mutating func step() {
    var (state, growth, logReturns, income) = (state, growth, logReturns, income)
    var states = state.mutableSpan
    var growths = growth.mutableSpan
    var logs = logReturns.mutableSpan
    var incomes = income.mutableSpan
    market.move(
      [path].span, state: &states, growth: &growths, logReturns: &logs, income: &incomes)
    (self.state, self.growth, self.logReturns, self.income) = (state, growth, logReturns, income)
    path.step = path.step &+ L.Words(word: 1)
  }

  var covariance: [L] {
    var result = Array(
      repeating: L(repeating: 0), count: market.assetCount * market.assetCount)
    var span = result.mutableSpan
    market.covariance(path, state: state.span, into: &span)
    return result
  }

  var volatility: [L] {
    var result = growth
    var span = result.mutableSpan
    market.volatility(path, state: state.span, into: &span)
    return result
  }

  var volatilityIndex: L { market.volatilityIndex(path, state: state.span) }

  var regime: L { market.regime(state: state.span) }

  var regimeProbabilities: [L] {
    var result = Array(repeating: L(repeating: 0), count: market.regimeCount)
    var span = result.mutableSpan
    market.regimeProbabilities(state: state.span, into: &span)
    return result
  }

  var availability: [L] {
    var result = growth
    var span = result.mutableSpan
    market.availability(path, state: state.span, into: &span)
    return result
  }

  /// All that is known or hidden at the decision, in one row.
  var everything: [L] {
    state + covariance + volatility + [volatilityIndex, regime] + regimeProbabilities
      + availability
  }
}

/// Returns of many short paths, walked eight at a time.
struct Sample {
  /// [paths][steps][assets], simple returns.
  var simple: [[[Double]]] = []
  /// The same, log returns.
  var log: [[[Double]]] = []
  /// [paths][steps], the regime in force over the step.
  var regimes: [[Int]] = []

  init(_ market: Market<Double>, paths: Int, steps: Int, seed: UInt64 = 17) {
    for first in stride(from: 0, to: paths, by: 8) {
      var walk = Walk<SIMD8<Double>>(market, seed: seed, firstCopy: UInt32(first))
      var rows = [[[[Double]]]](repeating: [[], []], count: 8)
      var regimes = [[Int]](repeating: [], count: 8)
      for _ in 0..<steps {
        for lane in 0..<8 { regimes[lane].append(Int(walk.regime[lane])) }
        walk.step()
        for lane in 0..<8 {
          rows[lane][0].append(walk.growth.map { $0[lane] - 1 })
          rows[lane][1].append(walk.logReturns.map { $0[lane] })
        }
      }
      simple += rows.map { $0[0] }
      log += rows.map { $0[1] }
      self.regimes += regimes
    }
  }
}

/// Mean, covariance and their like of rows of numbers.
struct Moments {
  let count: Double
  let means: [Double]
  /// Shape [assets][assets].
  let covariances: [[Double]]

  init(_ rows: [[Double]]) {
    let assets = rows[0].indices
    let total = Double(rows.count)
    let means = assets.map { i in rows.reduce(0) { $0 + $1[i] } / total }
    count = total
    self.means = means
    covariances = assets.map { i in
      assets.map { j in
        rows.reduce(0) { $0 + ($1[i] - means[i]) * ($1[j] - means[j]) } / total
      }
    }
  }

  func deviation(_ i: Int) -> Double { covariances[i][i].squareRoot() }
  func correlation(_ i: Int, _ j: Int) -> Double {
    covariances[i][j] / (deviation(i) * deviation(j))
  }
  /// Four standard errors of the mean of independent numbers with a deviation.
  func fourErrors(_ deviation: Double) -> Double { 4 * deviation / count.squareRoot() }
}

/// Σ (x_t − x̄)(x_{t+lag} − x̄) / Σ (x_t − x̄)².
func autocorrelation(_ series: [Double], lag: Int) -> Double {
  let mean = series.reduce(0, +) / Double(series.count)
  let d = series.map { $0 - mean }
  return (lag..<d.count).reduce(0) { $0 + d[$1] * d[$1 - lag] } / d.reduce(0) { $0 + $1 * $1 }
}
