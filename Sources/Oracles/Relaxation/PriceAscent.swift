/// Raises the prices of a path, within the costs, towards the largest value of the bound.
///
/// Accelerated projected gradient steps, each price scaled by its entry of a diagonal that majorises
/// the curvature (A. Beck, M. Teboulle, SIAM J. Imaging Sciences 2, 2009). The gradient of the bound in
/// the prices before step t is the weights that the best trade of step t − 1 leads to, less those that
/// step t would hold. The curvature of φ is left out here: the value of the prices is certified
/// elsewhere.
struct PriceAscent {
  private let relaxation: InformationRelaxation
  private let path: RelaxedPath
  private let count: Int
  /// The diagonal, per regime.
  private let scales: [[Double]]
  /// p, shape [steps + 1, assets]; the last row is 0.
  private(set) var prices: [Double]
  /// Prices extrapolated from the last two.
  private var ahead: [Double]
  /// The best v of each summand, shape [steps, assets].
  private var trades: [Double]
  private var momentum = 1.0

  /// A step that moves no price by more than this part of the largest cost is the last.
  private static let tolerance = 1e-5

  init(_ relaxation: InformationRelaxation, _ path: RelaxedPath) {
    self.relaxation = relaxation
    self.path = path
    let task = relaxation.task
    let n = task.count
    count = n
    scales = relaxation.responses.map { response in
      (0..<n).map { i in (0..<n).reduce(0) { $0 + 2 * abs(response[i * n + $1]) } }
    }
    prices = path.prices
    ahead = path.prices
    trades = path.held
  }

  mutating func run(steps: Int) {
    let tolerance = Self.tolerance * (relaxation.task.costs.max() ?? 0)
    for _ in 0..<steps {
      trades = bestTrades()
      if advance() < tolerance { return }
    }
  }

  /// Moves the prices along the gradient.
  ///
  /// - Returns: the largest change.
  private mutating func advance() -> Double {
    let next = (1 + (1 + 4 * momentum * momentum).squareRoot()) / 2
    let push = (momentum - 1) / next
    momentum = next
    var largest = 0.0
    var arrived = relaxation.task.targets
    var before = scales[path.regimes[0]]
    for step in path.regimes.indices {
      let scale = scales[path.regimes[step]]
      for i in 0..<count {
        let place = step &* count &+ i
        let limit = relaxation.task.costs[i]
        let wanted = ahead[place] + (arrived[i] - trades[place]) / (scale[i] + before[i])
        let price = min(max(wanted, -limit), limit)
        let change = price - prices[place]
        largest = max(largest, abs(change))
        ahead[place] = price + push * change
        prices[place] = price
      }
      before = scale
      arrive(from: step, at: &arrived)
    }
    return largest
  }

  /// φ of the best trade of a step.
  private func arrive(from step: Int, at weights: inout [Double]) {
    var total = 0.0
    for i in 0..<count {
      let place = step &* count &+ i
      weights[i] = trades[place] * path.growth[place]
      total += weights[i]
    }
    for i in 0..<count { weights[i] /= total }
  }

  /// The best v of each summand for the prices ahead.
  private func bestTrades() -> [Double] {
    var found = trades
    var gradient = [Double](repeating: 0, count: count)
    let (p, pulls) = (ahead.span, path.pulls.span)
    let (held, growth) = (path.held.span, path.growth.span)
    for step in path.regimes.indices {
      let matrix = relaxation.responses[path.regimes[step]]
      let response = matrix.span
      let first = step &* count
      var level = 0.0
      for place in first..<first + count {
        level += p[place &+ count] * held[place] * growth[place]
      }
      for i in 0..<count {
        let place = first &+ i
        gradient[i] = pulls[place] - p[place] + (p[place &+ count] - level) * growth[place]
      }
      for i in 0..<count {
        var sum = 0.0
        for j in 0..<count { sum += response[i &* count &+ j] * gradient[j] }
        found[first &+ i] = held[first &+ i] - sum
      }
    }
    return found
  }
}
