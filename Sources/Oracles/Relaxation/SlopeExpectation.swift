import Algebra
import Markets

/// An unbiased estimate of E Y of one step, from draws that no path shares.
///
/// `Yⱼ = (λⱼ − λ·φ(v̂)) gⱼ`. The draws come in pairs that mirror each other, and
/// `κⱼ Fⱼ(yⱼ + b + σ ε)`, the same price without the curvature of the market's move, stands beside
/// each: its mean is exact. Noise that is left loosens the bound; it never breaks it, since no policy
/// knows it.
struct SlopeExpectation {
  private let task: RelaxedTask
  private let prices: ShadowPrices
  private let pairs: Int
  private let copy: UInt32
  private let source: RandomSource
  private var normals: [Double]
  private var growth: [Double]
  private var y: [Double]
  private var shifts: [Double]
  private var starts: [Double]
  /// E Y
  private(set) var slope: [Double]

  init(
    _ task: RelaxedTask, _ prices: ShadowPrices, pairs: Int, copy: UInt32, source: RandomSource
  ) {
    self.task = task
    self.prices = prices
    self.pairs = pairs
    self.copy = copy
    // Other numbers than those of any path of the seed.
    self.source = RandomSource(seed: source.seed ^ 0x9E37_79B9_7F4A_7C15)
    let zeros = task.costs.map { _ in 0.0 }
    (growth, y, shifts, starts, slope) = (zeros, zeros, zeros, zeros, zeros)
    normals = [Double](repeating: 0, count: (task.count + 3) / 4 * 4)
  }

  /// Estimates at v̂ = `held`, with `left` steps left before this one.
  mutating func take(_ held: [Double], step: Int, left: Int, regime: Int) {
    for j in slope.indices { slope[j] = 0 }
    guard left > 1 else { return }
    begin(held, left: left, regime: regime)
    for pair in 0..<pairs {
      draw(pair, step: step, regime: regime)
      for sign in [1.0, -1.0] { add(held, sign: sign, left: left, regime: regime) }
    }
    for j in slope.indices {
      let table = prices.tables[j]
      let (node, _) = table.node(near: starts[j])
      slope[j] =
        slope[j] / Double(2 * pairs) + task.costs[j]
        * table.mean(left: left, regime: regime, node: node)
    }
  }

  /// The nodes nearest y of the reference, before the market moves.
  private mutating func begin(_ held: [Double], left: Int, regime: Int) {
    for j in held.indices { growth[j] = held[j] - task.targets[j] }
    project()
    for j in held.indices { starts[j] = prices.tables[j].node(near: y[j]).y }
  }

  /// y of the deviations that stand in `growth`.
  private mutating func project() {
    var y = y
    var span = y.mutableSpan
    prices.project(growth.span, into: &span)
    self.y = y
  }

  /// Draws normal numbers, and where they shift y to first order.
  private mutating func draw(_ pair: Int, step: Int, regime: Int) {
    let n = task.count
    for block in 0..<normals.count / 4 {
      let (a, b, c, d): (Double, Double, Double, Double) = source.normals(
        .market, copy: copy, episode: UInt32(pair), step: UInt32(step), draw: block)
      (normals[4 * block], normals[4 * block + 1]) = (a, b)
      (normals[4 * block + 2], normals[4 * block + 3]) = (c, d)
    }
    let matrix = prices.shockLoadings[regime]
    let loadings = matrix.span
    for i in 0..<n {
      var sum = 0.0
      for j in 0..<n { sum += loadings[i &* n &+ j] * normals[j] }
      shifts[i] = sum
    }
  }

  /// Adds Y less its twin of one draw.
  private mutating func add(_ held: [Double], sign: Double, left: Int, regime: Int) {
    let n = task.count
    var growth = growth
    var span = growth.mutableSpan
    task.law.move(in: regime, normals: normals.span, sign: sign, growth: &span)
    var total = 0.0
    for i in 0..<n { total += held[i] * growth[i] }
    let gross = growth
    for i in 0..<n { growth[i] = held[i] * growth[i] / total - task.targets[i] }
    self.growth = growth
    project()
    var level = 0.0
    for j in 0..<n {
      let price =
        task.costs[j] * prices.tables[j].expectedPrice(left: left - 1, before: regime, at: y[j])
      y[j] = price
      level += price * (growth[j] + task.targets[j])
    }
    for j in 0..<n {
      let twin =
        starts[j] + prices.drifts[regime][j] + sign * shifts[j]
      let known =
        task.costs[j] * prices.tables[j].expectedPrice(left: left - 1, before: regime, at: twin)
      slope[j] += (y[j] - level) * gross[j] / total - known
    }
  }
}
