import Foundation

/// What one asset's weight is worth in units of its cost, from a problem of its own.
///
/// The argument y is a signed distance from the target that walks at random: y ← y + b + σ ε at every
/// step, and being there costs r y² / 2. Trades cost 1 per unit. With τ steps left the marginal cost to
/// come is `F_τ(y) = clip(r y + E F_{τ−1}(y + b + σ ε))` to [−1, 1], F₀ = 0: at the ends it pays to
/// trade. Regimes have b, σ and r of their own. Between nodes F is linear, beyond them constant.
struct PriceTable: Sendable {
  /// One regime's walk.
  struct Walk: Sendable {
    /// r
    var source: Double
    /// b
    var drift: Double
    /// σ
    var deviation: Double
  }

  private static let nodeCount = 401
  /// F changes less than this per step, further steps before it are taken as the same.
  private static let tolerance = 1e-6

  let regimeCount: Int
  private let first: Double
  private let width: Double
  /// The most steps left that are told apart.
  private let last: Int
  /// F, shape [steps left 0...last, regimes, nodes].
  private var prices: [Double]
  /// What is expected of F before the next regime is known, same shape.
  private var expected: [Double]
  /// E of that at y + b + σ ε one step ahead, shape [steps left 1...last + 1, regimes, nodes].
  private var means: [Double]
  /// Where F reaches 1, shape [steps left 1...last, regimes].
  private var edges: [Double]

  /// - Parameters:
  ///   - walks: one per regime.
  ///   - transition: shape [from, to].
  init(walks: [Walk], transition: [Double], horizon: Int) {
    let nodes = Self.nodeCount
    regimeCount = walks.count
    // For small steps the edge is at r y = 1.5 β with β³ = (4/9) r² σ².
    let reach = walks.map { walk in
      3 * 1.5 * cbrt(4 / 9 * walk.source * walk.source * walk.deviation * walk.deviation)
        / walk.source + 8 * walk.deviation
    }.reduce(1e-9) { max($0, $1) }
    first = -reach
    width = 2 * reach / Double(nodes - 1)
    let kernels = walks.map { [width] in
      HatKernel(mean: $0.drift, deviation: $0.deviation, width: width)
    }
    let size = walks.count * nodes
    prices = [Double](repeating: 0, count: size)
    expected = prices
    means = []
    edges = []
    var left = 0
    while true {
      left += 1
      let ahead = Array(expected[(left - 1) * size..<left * size])
      var mean: [Double] = []
      for (regime, kernel) in kernels.enumerated() {
        mean += kernel.expectation(ahead[regime * nodes..<(regime + 1) * nodes])
      }
      means += mean
      let price = Self.step(mean, walks, first: first, width: width, edges: &edges)
      let change = zip(price, prices.suffix(size)).map { abs($0 - $1) }.max() ?? 0
      // The means one step beyond the last prices are of the last prices.
      if left > 1, change < Self.tolerance || left > horizon { break }
      prices += price
      expected += Self.mix(price, transition, regimes: walks.count)
    }
    last = left - 1
  }

  /// clip(r y + mean), and where it is 1.
  private static func step(
    _ mean: [Double], _ walks: [Walk], first: Double, width: Double, edges: inout [Double]
  ) -> [Double] {
    var prices = mean
    for (regime, walk) in walks.enumerated() {
      var edge = 0.0
      for node in 0..<nodeCount {
        let y = first + Double(node) * width
        let value = walk.source * y + mean[regime * nodeCount + node]
        prices[regime * nodeCount + node] = min(max(value, -1), 1)
        if edge == 0, y > 0, value >= 1 || node == nodeCount - 1 { edge = y / value }
      }
      edges.append(edge)
    }
    return prices
  }

  /// Σ over the next regime of its probability times its price.
  private static func mix(_ price: [Double], _ transition: [Double], regimes: Int) -> [Double] {
    var mixed = [Double](repeating: 0, count: price.count)
    for from in 0..<regimes {
      for to in 0..<regimes {
        let probability = transition[from * regimes + to]
        for node in 0..<nodeCount {
          mixed[from * nodeCount + node] += probability * price[to * nodeCount + node]
        }
      }
    }
    return mixed
  }

  private func row(_ left: Int, _ regime: Int) -> Int {
    (min(left, last) * regimeCount + regime) * Self.nodeCount
  }

  private func interpolated(_ values: Span<Double>, _ row: Int, _ y: Double) -> Double {
    let place = (y - first) / width
    if place <= 0 { return values[row] }
    if place >= Double(Self.nodeCount - 1) { return values[row + Self.nodeCount - 1] }
    let node = Int(place)
    let share = place - Double(node)
    let low = values[row &+ node]
    return low + share * (values[row &+ node &+ 1] - low)
  }

  /// F with `left` steps left in a regime.
  func price(left: Int, regime: Int, at y: Double) -> Double {
    interpolated(prices.span, row(left, regime), y)
  }

  /// E F with `left` steps left, one step after the regime was `before`.
  func expectedPrice(left: Int, before regime: Int, at y: Double) -> Double {
    interpolated(expected.span, row(left, regime), y)
  }

  /// The node nearest y.
  func node(near y: Double) -> (index: Int, y: Double) {
    let place = min(max(((y - first) / width).rounded(), 0), Double(Self.nodeCount - 1))
    return (Int(place), first + place * width)
  }

  /// E expectedPrice(left − 1) at y + b + σ ε, where y is a node; exact.
  func mean(left: Int, regime: Int, node: Int) -> Double {
    means[((min(left, last + 1) - 1) * regimeCount + regime) * Self.nodeCount + node]
  }

  /// The y beyond which it pays to trade.
  func edge(left: Int, regime: Int) -> Double {
    edges[(min(max(left, 1), last) - 1) * regimeCount + regime]
  }
}
