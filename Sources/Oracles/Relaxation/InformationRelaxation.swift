import Algebra

/// A lower bound on what any policy that does not know the future costs, path by path.
///
/// A step costs `Σ κᵢ|vᵢ − wᵢ| + q(v)`, `q(v) = ½ dᵀHd`, and w becomes φ(v). For any prices p with
/// |pᵢ| ≤ κᵢ, and none at the end, Σ κᵢ|vᵢ − wᵢ| ≥ p·(w − v), so an episode from w* costs at least
///
///     p₀·w* + Σₜ q(vₜ) − pₜ·vₜ + pₜ₊₁·φₜ(vₜ).
///
/// To this a penalty for knowing the future is added, (E Y − Y)·(v − v̂) with Y known one step later
/// and v̂ now: it is zero on average under a policy that does not know the future. So the smallest
/// value of each summand over all v, summed and averaged over paths, is a lower bound — whatever p, Y
/// and v̂ are. Y is the gradient of λ·φ(v) at v̂ for approximate prices λ. The prices p may look ahead:
/// they are raised from λ by ascent until the sum is (nearly) the smallest cost plus penalty of the
/// path; stopped early it is a bound all the same. D. B. Brown, J. E. Smith, Dynamic portfolio
/// optimization with transaction costs: heuristics and dual bounds, Management Science 57 (2011);
/// D. B. Brown, J. E. Smith, P. Sun, Information relaxations and duality in stochastic dynamic
/// programs, Operations Research 58 (2010).
struct InformationRelaxation: Sendable {
  let task: RelaxedTask
  let prices: ShadowPrices
  /// Mirrored pairs of draws for each expectation.
  let pairs: Int
  /// Steps of the ascent at most.
  let ascentSteps: Int
  /// What a gradient does to the best trade, per regime; see `TangentForm.response`.
  let responses: [[Double]]

  init(
    _ task: RelaxedTask, pairs: Int = 8, ascentSteps: Int = 400
  ) throws(LinearAlgebraError) {
    self.task = task
    self.pairs = pairs
    self.ascentSteps = ascentSteps
    prices = try ShadowPrices(task)
    var responses: [[Double]] = []
    for drift in task.drifts {
      responses.append(try TangentForm(of: drift, assets: task.count).response())
    }
    self.responses = responses
  }

  /// The lower bound of a path; its mean over paths is one on the expected cost.
  func bound(_ path: RelaxedPath) -> Double {
    max(value(path, path.prices), value(path, raised(path)))
  }

  // MARK: - The value of prices

  /// p₀·w* + Σₜ min over v of q(v) − pₜ·v + pₜ₊₁·φₜ(v) + (E Y − Y)·(v − v̂), from below.
  ///
  /// With δ = v − v̂, b = g − 1, aⱼ = (pⱼ − p·φ(v̂)) gⱼ the next prices' term is
  /// p·φ(v̂) + a·δ / (1 + b·δ) ≥ p·φ(v̂) + a·δ − (a·δ)(b·δ) − max|aⱼ| (b·δ)² / min gⱼ
  /// for weights v ≥ 0: the summand is at least a quadratic, whose minimum over all trades is exact.
  func value(_ path: RelaxedPath, _ p: [Double]) -> Double {
    let n = task.count
    var value = (0..<n).reduce(0) { $0 + p[$1] * task.targets[$1] }
    var work = StepWork(n)
    for step in path.regimes.indices {
      value += work.smallest(task, path, p, step)
    }
    return value
  }

  // MARK: - Ascent

  /// Prices within the costs that raise the value: accelerated projected gradient steps, scaled by a
  /// diagonal that majorises the curvature (A. Beck, M. Teboulle, SIAM J. Imaging Sciences 2, 2009).
  private func raised(_ path: RelaxedPath) -> [Double] {
    let n = task.count
    let steps = path.regimes.count
    let scales = responses.map { response in
      (0..<n).map { i in (0..<n).reduce(0) { $0 + 2 * abs(response[i * n + $1]) } }
    }
    let pull = pulls(path)
    var p = path.prices
    var ahead = p
    var trades = [Double](repeating: 0, count: steps * n)
    var momentum = 1.0
    let tolerance = 1e-5 * (task.costs.max() ?? 0)
    for _ in 0..<ascentSteps {
      best(path, ahead, pull, into: &trades)
      let nextMomentum = (1 + (1 + 4 * momentum * momentum).squareRoot()) / 2
      let push = (momentum - 1) / nextMomentum
      momentum = nextMomentum
      var largest = 0.0
      for step in 0..<steps {
        let scale = scales[path.regimes[step]]
        let before = step > 0 ? scales[path.regimes[step - 1]] : scale
        let total = step > 0 ? arrived(path, trades, step - 1) : 1
        for i in 0..<n {
          let place = step &* n &+ i
          let weight =
            step > 0 ? trades[place &- n] * path.growth[place &- n] / total : task.targets[i]
          let wanted = ahead[place] + (weight - trades[place]) / (scale[i] + before[i])
          let next = min(max(wanted, -task.costs[i]), task.costs[i])
          let change = next - p[place]
          largest = max(largest, abs(change))
          ahead[place] = next + push * change
          p[place] = next
        }
      }
      if largest < tolerance { break }
    }
    return p
  }

  /// v·G over v̂·G after a step.
  private func arrived(_ path: RelaxedPath, _ trades: [Double], _ step: Int) -> Double {
    let n = task.count
    return (step * n..<(step + 1) * n).reduce(0) { $0 + trades[$1] * path.growth[$1] }
  }

  /// H (v̂ − w*) + E Y − Y: what does not depend on p in the gradient of a summand.
  private func pulls(_ path: RelaxedPath) -> [Double] {
    let n = task.count
    return path.held.indices.map { place in
      let (step, i) = (place / n, place % n)
      let drift = task.drifts[path.regimes[step]]
      return (0..<n).reduce(path.slopes[place]) {
        $0 + drift[i * n + $1] * (path.held[step * n + $1] - task.targets[$1])
      }
    }
  }

  /// The best v of each summand for given prices, but for the curvature of φ.
  private func best(
    _ path: RelaxedPath, _ p: [Double], _ pull: [Double], into trades: inout [Double]
  ) {
    let n = task.count
    var gradient = [Double](repeating: 0, count: n)
    let (p, pull) = (p.span, pull.span)
    let (held, growth) = (path.held.span, path.growth.span)
    for step in path.regimes.indices {
      let matrix = responses[path.regimes[step]]
      let response = matrix.span
      let first = step * n
      var level = 0.0
      for i in first..<first + n { level += p[i &+ n] * held[i] * growth[i] }
      for i in 0..<n {
        let place = first &+ i
        gradient[i] = pull[place] - p[place] + (p[place &+ n] - level) * growth[place]
      }
      for i in 0..<n {
        var sum = 0.0
        for j in 0..<n { sum += response[i &* n &+ j] * gradient[j] }
        trades[first &+ i] = held[first &+ i] - sum
      }
    }
  }
}

/// Room for the minimum of one summand.
private struct StepWork {
  private let count: Int
  private var form: [Double]
  private var gradient: [Double]
  private var a: [Double]

  init(_ count: Int) {
    self.count = count
    form = [Double](repeating: 0, count: (count - 1) * (count - 1))
    gradient = [Double](repeating: 0, count: count - 1)
    a = [Double](repeating: 0, count: count)
  }

  /// min over v of q(v) − p·v + p′·φ(v) + (E Y − Y)·(v − v̂), from below.
  mutating func smallest(
    _ task: RelaxedTask, _ path: RelaxedPath, _ p: [Double], _ step: Int
  ) -> Double {
    let n = count
    let first = step * n
    let matrix = task.drifts[path.regimes[step]]
    let drift = matrix.span
    let (held, g) = (path.held.span, path.growth.span)
    var level = 0.0
    for i in first..<first + n { level += p[i + n] * held[i] * g[i] }
    var base = level
    var (largest, least) = (0.0, Double.infinity)
    for i in 0..<n {
      let place = first + i
      a[i] = (p[place + n] - level) * g[place]
      largest = max(largest, abs(a[i]))
      least = min(least, g[place])
      base -= p[place] * held[place]
    }
    let bend = 2 * largest / least
    func slope(_ i: Int) -> Double {
      var sum = path.slopes[first + i] - p[first + i] + a[i]
      for j in 0..<n { sum += drift[i * n + j] * (held[first + j] - task.targets[j]) }
      return sum
    }
    var q = 0.0
    for i in 0..<n {
      for j in 0..<n {
        q +=
          drift[i * n + j] * (held[first + i] - task.targets[i])
          * (held[first + j] - task.targets[j]) / 2
      }
    }
    // In the first n − 1 coordinates; the last asset takes what they leave.
    let last = n - 1
    let lastSlope = slope(last)
    let lastGrowth = g[first + last]
    for i in 0..<last {
      gradient[i] = slope(i) - lastSlope
      let (ai, bi) = (a[i] - a[last], g[first + i] - lastGrowth)
      for j in 0...i {
        let (aj, bj) = (a[j] - a[last], g[first + j] - lastGrowth)
        form[i * last + j] =
          drift[i * n + j] - drift[i * n + last] - drift[last * n + j] + drift[last * n + last]
          - ai * bj - bi * aj - bend * bi * bj
      }
    }
    guard let dip = smallestValue(&form, &gradient) else {
      return Self.floor(task, path, p, step)
    }
    return base + q + dip
  }

  /// Where the quadratic has no minimum: each term at its smallest over all weights.
  private static func floor(
    _ task: RelaxedTask, _ path: RelaxedPath, _ p: [Double], _ step: Int
  ) -> Double {
    let places = step * task.count..<(step + 1) * task.count
    let now = places.map { path.slopes[$0] - p[$0] }.min() ?? 0
    let next = places.map { p[$0 + task.count] }.min() ?? 0
    let known = places.reduce(0) { $0 + path.slopes[$1] * path.held[$1] }
    return now + next - known
  }
}
