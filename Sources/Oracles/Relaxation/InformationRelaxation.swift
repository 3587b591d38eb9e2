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
  let effort: LowerBound.Effort
  /// What a gradient does to the best trade, per regime; see `TangentForm.response`.
  let responses: [[Double]]

  init(_ task: RelaxedTask, _ effort: LowerBound.Effort) throws(LinearAlgebraError) {
    self.task = task
    self.effort = effort
    prices = try ShadowPrices(task)
    var responses: [[Double]] = []
    for drift in task.drifts {
      responses.append(try TangentForm(of: drift, assets: task.count).response())
    }
    self.responses = responses
  }

  /// The lower bound of a path; its mean over paths is one on the expected cost.
  func bound(_ path: RelaxedPath) -> Double {
    var ascent = PriceAscent(self, path)
    ascent.run(steps: effort.ascentSteps)
    return max(value(path, path.prices), value(path, ascent.prices))
  }

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
}

/// Room for the minimum of one summand.
private struct StepWork {
  private let count: Int
  /// In the first n − 1 coordinates of trades; the last asset takes what they leave.
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
    let first = step * count
    let places = first..<first + count
    // p·v̂ and p′·φ(v̂)
    let now = places.reduce(0) { $0 + p[$1] * path.held[$1] }
    let next = places.reduce(0) { $0 + p[$1 + count] * path.held[$1] * path.growth[$1] }
    for i in 0..<count { a[i] = (p[first + i + count] - next) * path.growth[first + i] }
    setQuadratic(task.drifts[path.regimes[step]], path, p, first)
    let value = path.drifts[step] - now + next
    if let dip = smallestValue(&form, &gradient) { return value + dip }
    // Without a minimum: each term at its smallest over all weights, q from its tangent at v̂.
    let slope = places.map { path.pulls[$0] - p[$0] }.min() ?? 0
    let known = places.reduce(0) { $0 + path.pulls[$1] * path.held[$1] }
    let end = places.map { p[$0 + count] }.min() ?? 0
    return path.drifts[step] + slope - known + end
  }

  /// H − a bᵀ − b aᵀ − 2 max|aⱼ| / min gⱼ b bᵀ and its slope at v̂.
  private mutating func setQuadratic(
    _ drift: [Double], _ path: RelaxedPath, _ p: [Double], _ first: Int
  ) {
    let (n, last) = (count, count - 1)
    let (drift, g) = (drift.span, path.growth.span)
    var (largest, least) = (0.0, Double.infinity)
    for i in 0..<n {
      largest = max(largest, abs(a[i]))
      least = min(least, g[first &+ i])
    }
    let bend = 2 * largest / least
    func slope(_ i: Int) -> Double { path.pulls[first + i] - p[first + i] + a[i] }
    let lastSlope = slope(last)
    for i in 0..<last {
      gradient[i] = slope(i) - lastSlope
      let (ai, bi) = (a[i] - a[last], g[first &+ i] - g[first &+ last])
      for j in 0...i {
        let (aj, bj) = (a[j] - a[last], g[first &+ j] - g[first &+ last])
        form[i &* last &+ j] =
          drift[i &* n &+ j] - drift[i &* n &+ last] - drift[last &* n &+ j]
          + drift[last &* n &+ last] - ai * bj - bi * aj - bend * bi * bj
      }
    }
  }
}
