public import Algebra

/// Assets with GJR-GARCH(1,1) returns and correlated innovations (Glosten, Jagannathan, Runkle 1993).
///
///     r_t = μ + e_t,   e_t = √h_t z_t,   h_{t+1} = ω + (α + γ [e_t < 0]) e_t² + β h_t
///
/// z is jointly normal with unit variances, or jointly Student-t: normals times
/// √((ν − 2) / χ²_ν) with one χ² for all assets of a step, so that extremes come together. The
/// state is h per asset, begun at its unconditional mean ω / (1 − α − γ/2 − β).
public struct GARCHMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  /// The variance equation of one asset, for returns as fractions (not percent).
  public struct Equation: Sendable, Hashable {
    /// μ, mean return per step.
    public var mean: Double
    /// ω, constant of the variance per step.
    public var omega: Double
    /// α, weight of the last squared innovation.
    public var alpha: Double
    /// γ, additional weight after a negative innovation.
    public var gamma: Double
    /// β, weight of the last variance.
    public var beta: Double

    public init(mean: Double, omega: Double, alpha: Double, gamma: Double, beta: Double) {
      self.mean = mean
      self.omega = omega
      self.alpha = alpha
      self.gamma = gamma
      self.beta = beta
    }

    /// α + γ/2 + β; below 1 where the variance has a mean.
    public var persistence: Double { alpha + gamma / 2 + beta }
    /// ω / (1 − α − γ/2 − β), the mean of the variance per step.
    public var unconditionalVariance: Double { omega / (1 - persistence) }
    /// Whether variances stay at 0 or more and have a mean. With ω = 0 the asset is cash.
    public var isStationary: Bool {
      omega >= 0 && alpha >= 0 && alpha + gamma >= 0 && beta >= 0 && persistence < 1
    }
  }

  /// Number of assets.
  public let assetCount: Int
  /// What r is.
  public let returnKind: ReturnKind
  /// ν of the t distribution; `nil` for normal innovations.
  public let degreesOfFreedom: Int?
  /// Decisions per year.
  public let stepsPerYear: Scalar
  /// Numbers per asset: μ, ω, α, γ, β, unconditional variance.
  @usableFromInline let equations: [AssetNumbers]
  /// Lower Cholesky factor of the correlation, shape [assets, assets].
  @usableFromInline let factor: [Scalar]
  /// Shape [assets, assets].
  @usableFromInline let correlation: [Scalar]

  @usableFromInline struct AssetNumbers: Sendable, Hashable {
    @usableFromInline let mean, omega, alpha, gamma, beta, unconditional: Scalar
  }

  /// - Parameters:
  ///   - equations: stationary, one per asset.
  ///   - correlation: of the innovations, rows of a correlation matrix.
  ///   - degreesOfFreedom: an even number from 4 on; `nil` for normal innovations.
  /// - Throws: where the correlation matrix is not positive definite.
  public init(
    _ equations: [Equation], correlation: [[Double]], returnKind: ReturnKind = .log,
    degreesOfFreedom: Int? = nil, stepsPerYear: Double
  ) throws(LinearAlgebraError) {
    precondition(equations.count == correlation.count, "one entry per asset")
    precondition(equations.allSatisfy(\.isStationary), "a variance equation is not stationary")
    precondition(
      degreesOfFreedom.map { $0 >= 4 && $0.isMultiple(of: 2) } ?? true,
      "degrees of freedom must be even and at least 4")
    assetCount = equations.count
    self.returnKind = returnKind
    self.degreesOfFreedom = degreesOfFreedom
    self.stepsPerYear = Scalar(stepsPerYear)
    self.equations = equations.map {
      AssetNumbers(
        mean: Scalar($0.mean), omega: Scalar($0.omega), alpha: Scalar($0.alpha),
        gamma: Scalar($0.gamma), beta: Scalar($0.beta),
        unconditional: Scalar($0.unconditionalVariance))
    }
    factor = try choleskyFactor(correlation).flatMap { $0.map { Scalar($0) } }
    self.correlation = correlation.flatMap { $0.map { Scalar($0) } }
  }

  /// The same market in another arithmetic.
  init(_ other: GARCHMarket<Double>) {
    assetCount = other.assetCount
    returnKind = other.returnKind
    degreesOfFreedom = other.degreesOfFreedom
    stepsPerYear = Scalar(other.stepsPerYear)
    equations = other.equations.map {
      AssetNumbers(
        mean: Scalar($0.mean), omega: Scalar($0.omega), alpha: Scalar($0.alpha),
        gamma: Scalar($0.gamma), beta: Scalar($0.beta), unconditional: Scalar($0.unconditional))
    }
    factor = other.factor.map { Scalar($0) }
    correlation = other.correlation.map { Scalar($0) }
  }

  @inlinable func begin<L: Lanes>(where mask: L.Mask, state: inout MutableSpan<L>)
  where L.Scalar == Scalar {
    for i in 0..<assetCount {
      state[i] = state[i].replacing(with: L(repeating: equations[i].unconditional), where: mask)
    }
  }

  @inlinable func move<L: Lanes>(
    _ path: MarketPath<L>, state: inout MutableSpan<L>, growth: inout MutableSpan<L>,
    logReturns: inout MutableSpan<L>, at first: Int
  ) where L.Scalar == Scalar {
    // The normals wait where the gross returns will stand.
    path.drawNormals(count: assetCount, into: &growth, at: first)
    let scale = innovationScale(path)
    for i in 0..<assetCount {
      var z = L(repeating: 0)
      for j in 0...i { z = z + L(repeating: factor[i * assetCount + j]) * growth[first + j] }
      let numbers = equations[i]
      let variance = state[first + i]
      let innovation = variance.roots() * (z * scale)
      logReturns[first + i] = L(repeating: numbers.mean) + innovation
      let isLoss = innovation .< L(repeating: 0)
      let alpha = L(repeating: numbers.alpha)
      let weight = alpha.replacing(with: alpha + L(repeating: numbers.gamma), where: isLoss)
      state[first + i] =
        L(repeating: numbers.omega) + weight * (innovation * innovation)
        + L(repeating: numbers.beta) * variance
    }
    returnKind.finish(growth: &growth, logReturns: &logReturns, at: first, count: assetCount)
  }

  /// √((ν − 2) / χ²_ν); 1 for normal innovations.
  ///
  /// For even ν, χ²_ν = −2 log of the product of ν/2 uniform numbers.
  @inlinable func innovationScale<L: Lanes>(_ path: MarketPath<L>) -> L where L.Scalar == Scalar {
    guard let degreesOfFreedom else { return L(repeating: 1) }
    let one = L(repeating: 1)
    var chiSquare = L(repeating: 0)
    for draw in 0..<(degreesOfFreedom / 2 + 3) / 4 {
      let (a, b, c, d) = path.drawWords(draw, afterNormals: assetCount)
      let left = degreesOfFreedom / 2 - 4 * draw
      // 1 − u is in (0, 1]: the logarithm is finite.
      var product = one - L(unitInterval: a)
      if left > 1 { product = product * (one - L(unitInterval: b)) }
      if left > 2 { product = product * (one - L(unitInterval: c)) }
      if left > 3 { product = product * (one - L(unitInterval: d)) }
      chiSquare = chiSquare + L(repeating: -2) * L.log(product)
    }
    // All uniform numbers may be 0, once in 2⁴⁶ draws or less.
    let positive = L.larger(chiSquare, L(repeating: 0x1p-20))
    return (L(repeating: Scalar(degreesOfFreedom - 2)) / positive).roots()
  }

  @inlinable func covariance<L: Lanes>(state: Span<L>, into covariance: inout MutableSpan<L>)
  where L.Scalar == Scalar {
    for i in 0..<assetCount {
      let deviation = volatility(of: i, state: state)
      covariance[i * assetCount + i] = deviation * deviation
      for j in 0..<i {
        let rho = L(repeating: correlation[i * assetCount + j])
        let entry = deviation * volatility(of: j, state: state) * rho
        covariance[i * assetCount + j] = entry
        covariance[j * assetCount + i] = entry
      }
    }
  }

  @inlinable func volatility<L: Lanes>(of asset: Int, state: Span<L>) -> L
  where L.Scalar == Scalar {
    (state[asset] * L(repeating: stepsPerYear)).roots()
  }
}
