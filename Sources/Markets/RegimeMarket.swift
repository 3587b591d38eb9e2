public import Algebra

/// Assets with jointly normal returns whose mean and covariance depend on a hidden Markov chain.
///
/// In regime s the return of a step is x = μ_s + L_s ε; then the chain moves on with the
/// probabilities in row s of its transition matrix. The state holds, in this order: the number of the
/// regime in force until the next decision; the probability of each regime to be it, given the
/// returns so far; the probability of each to have made the last return. The probabilities are those
/// of the Hamilton filter and never depend on the regime itself.
public struct RegimeMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  /// The law of the returns of one step in one regime.
  public struct Regime: Sendable, Hashable {
    /// For example `calm`.
    public var name: String
    /// Mean per asset.
    public var mean: [Double]
    /// Standard deviation per asset; 0 for cash, which tells nothing of the regime.
    public var volatility: [Double]
    /// Rows of the correlation matrix.
    public var correlation: [[Double]]

    public init(name: String, mean: [Double], volatility: [Double], correlation: [[Double]]) {
      self.name = name
      self.mean = mean
      self.volatility = volatility
      self.correlation = correlation
    }
  }

  /// The regime at the beginning of an episode.
  public enum Start: Sendable, Hashable {
    /// Drawn from the stationary law.
    case stationary
    /// A given one, known to the filter.
    case regime(Int)
  }

  public let assetCount: Int
  public let regimeCount: Int
  /// Names of the regimes.
  public let names: [String]
  /// What x is.
  public let returnKind: ReturnKind
  /// Probability of regime `to` after `from`, shape [from, to].
  public let transition: [Scalar]
  /// Probability of each regime in the long run.
  public let stationary: [Scalar]
  /// Probability of each regime at the beginning.
  @usableFromInline let start: [Scalar]
  /// μ_s, shape [regimes, assets].
  @usableFromInline let means: [Scalar]
  /// L_s, shape [regimes, assets, assets].
  @usableFromInline let factors: [Scalar]
  /// L_s⁻¹, shape [regimes, assets, assets].
  @usableFromInline let inverses: [Scalar]
  /// −log det L_s.
  @usableFromInline let logScales: [Scalar]
  /// L_s L_sᵀ per year, shape [regimes, assets, assets].
  @usableFromInline let covariancesPerYear: [Scalar]
  /// 1/Δt.
  @usableFromInline let stepsPerYear: Scalar

  /// - Parameters:
  ///   - regimes: at least one, with the same number of assets.
  ///   - transition: rows of probabilities that sum to 1.
  /// - Throws: where a correlation matrix is not positive definite, or the chain has several
  ///   stationary laws.
  public init(
    _ regimes: [Regime], transition: [[Double]], start: Start = .stationary,
    returnKind: ReturnKind = .log, stepsPerYear: Double
  ) throws(LinearAlgebraError) {
    let assets = regimes.first?.mean.count ?? 0
    precondition(
      assets > 0 && regimes.allSatisfy { $0.mean.count == assets && $0.volatility.count == assets },
      "all regimes need the same assets")
    precondition(
      transition.count == regimes.count && transition.allSatisfy { $0.count == regimes.count },
      "one row and column of transition probabilities per regime")
    assetCount = assets
    regimeCount = regimes.count
    names = regimes.map(\.name)
    self.returnKind = returnKind
    let law = try stationaryLaw(ofTransition: transition)
    var begin = law
    if case .regime(let first) = start { begin = regimes.indices.map { $0 == first ? 1 : 0 } }
    self.stepsPerYear = Scalar(stepsPerYear)
    self.transition = transition.flatMap { $0.map { Scalar($0) } }
    stationary = law.map { Scalar($0) }
    self.start = begin.map { Scalar($0) }
    means = regimes.flatMap { $0.mean.map { Scalar($0) } }
    var factors: [[[Double]]] = []
    var covariances: [[[Double]]] = []
    for regime in regimes {
      let covariance = covarianceMatrix(
        volatilities: regime.volatility, correlation: regime.correlation)
      covariances.append(covariance)
      factors.append(try covarianceFactor(covariance))
    }
    self.factors = factors.flatMap { $0.flatMap { $0.map { Scalar($0) } } }
    inverses = factors.flatMap { inverse(ofLower: $0).flatMap { $0.map { Scalar($0) } } }
    logScales = factors.map { factor in
      Scalar(
        factor.indices.reduce(0) { $0 - (factor[$1][$1] > 0 ? Double.log(factor[$1][$1]) : 0) })
    }
    covariancesPerYear = covariances.flatMap { $0.flatMap { $0.map { Scalar($0 * stepsPerYear) } } }
  }

  /// The covariance within the regimes per year, weighted by the stationary law.
  var averageCovariance: [Scalar] {
    let size = assetCount * assetCount
    return (0..<size).map { place in
      (0..<regimeCount).reduce(0) {
        $0 + stationary[$1] * covariancesPerYear[$1 * size + place]
      }
    }
  }

  /// The same market in another arithmetic.
  init(_ other: RegimeMarket<Double>) {
    assetCount = other.assetCount
    regimeCount = other.regimeCount
    names = other.names
    returnKind = other.returnKind
    transition = other.transition.map { Scalar($0) }
    stationary = other.stationary.map { Scalar($0) }
    start = other.start.map { Scalar($0) }
    means = other.means.map { Scalar($0) }
    factors = other.factors.map { Scalar($0) }
    inverses = other.inverses.map { Scalar($0) }
    logScales = other.logScales.map { Scalar($0) }
    covariancesPerYear = other.covariancesPerYear.map { Scalar($0) }
    stepsPerYear = Scalar(other.stepsPerYear)
  }

  /// The regime in force, and two probabilities of each.
  public var stateCount: Int { 1 + 2 * regimeCount }

  @inlinable func begin<L: Lanes>(
    _ path: MarketPath<L>, where mask: L.Mask, state: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    let (word, _, _, _) = path.source.words(
      .initialState, copy: path.copy, episode: path.episode, step: L.Words(word: 0), draw: 0)
    let uniform = L(unitInterval: word)
    var regime = L(repeating: 0)
    var below: Scalar = 0
    for k in 0..<regimeCount - 1 {
      below += start[k]
      let isLater = L(repeating: below) .<= uniform
      regime = regime.replacing(with: L(repeating: Scalar(k + 1)), where: isLater)
    }
    state[0] = state[0].replacing(with: regime, where: mask)
    for k in 0..<regimeCount {
      let probability = L(repeating: start[k])
      state[1 + k] = state[1 + k].replacing(with: probability, where: mask)
      state[1 + regimeCount + k] = state[1 + regimeCount + k].replacing(
        with: probability, where: mask)
    }
  }

  @inlinable func move<L: Lanes>(
    _ path: MarketPath<L>, state: inout MutableSpan<L>, at place: Int,
    growth: inout MutableSpan<L>, logReturns: inout MutableSpan<L>, at first: Int
  ) where L.Scalar == Scalar {
    // The normals wait where the gross returns will stand.
    path.drawNormals(count: assetCount, into: &growth, at: first)
    for k in 0..<regimeCount {
      // True for later regimes too, which then overwrite.
      let isHere = L(repeating: Scalar(k)) .<= state[place]
      for i in 0..<assetCount {
        var x = L(repeating: means[k * assetCount + i])
        let row = (k * assetCount + i) * assetCount
        for j in 0...i { x = x + L(repeating: factors[row + j]) * growth[first + j] }
        logReturns[first + i] = k == 0 ? x : logReturns[first + i].replacing(with: x, where: isHere)
      }
    }
    filter(logReturns.span, at: first, state: &state, at: place)
    state[place] = next(state[place], path)
    returnKind.finish(growth: &growth, logReturns: &logReturns, at: first, count: assetCount)
  }

  /// The regime after one step of the chain.
  @inlinable func next<L: Lanes>(_ regime: L, _ path: MarketPath<L>) -> L
  where L.Scalar == Scalar {
    let (word, _, _, _) = path.drawWords(afterNormals: assetCount)
    let uniform = L(unitInterval: word)
    var next = L(repeating: 0)
    var below = L(repeating: 0)
    for to in 0..<regimeCount - 1 {
      var probability = L(repeating: transition[to])
      for from in 1..<regimeCount {
        let isHere = L(repeating: Scalar(from)) .<= regime
        probability = probability.replacing(
          with: L(repeating: transition[from * regimeCount + to]), where: isHere)
      }
      below = below + probability
      next = next.replacing(with: L(repeating: Scalar(to + 1)), where: below .<= uniform)
    }
    return next
  }

  @inlinable func covariance<L: Lanes>(state: Span<L>, into covariance: inout MutableSpan<L>)
  where L.Scalar == Scalar {
    let size = assetCount * assetCount
    for entry in 0..<size {
      var value = L(repeating: covariancesPerYear[entry])
      for k in 1..<regimeCount {
        value = value.replacing(
          with: L(repeating: covariancesPerYear[k * size + entry]),
          where: L(repeating: Scalar(k)) .<= state[0])
      }
      covariance[entry] = value
    }
  }
}
