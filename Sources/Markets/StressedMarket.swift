public import Algebra

/// Another market with shocks laid over it.
///
/// During a shock of m steps an asset's log return x becomes
///
///     c + k (√(1 − a) (x − c) + √a σ z) + log(1 + R) / m
///
/// with c the market's mean log return in the long run, k the factor of its volatility, σ the
/// volatility known before, z one normal number for all assets, a how far correlations go towards 1
/// (correlation ρ becomes (1 − a) ρ + a), and R what the shock adds to the return of the median path.
/// Half spreads are multiplied during it. The market below feels nothing of it: its state, and with it
/// the filter of its regimes and the memory of its volatility, goes on as if there were no shock.
///
/// Nothing is known of a shock before its first return: covariances and volatilities, as they are known
/// at a decision, follow a step later and last a step longer. Spreads are quoted, so known at once.
public struct StressedMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The market that is disturbed.
  public let base: Market<Scalar>
  /// In order of time, not overlapping.
  public let shocks: [MarketShock]
  @usableFromInline let assetCount: Int
  /// c per asset.
  @usableFromInline let center: [Scalar]
  @usableFromInline let kernels: [Kernel]
  @usableFromInline let stepsPerYear: Scalar
  /// Whether a shock changes what is known of the risk.
  @usableFromInline let changesRisk: Bool

  /// A shock in the arithmetic of the lanes.
  @usableFromInline struct Kernel: Sendable {
    @usableFromInline let begin, end: UInt32
    /// log(1 + R) / m per asset.
    @usableFromInline let logReturn: [Scalar]
    @usableFromInline let factor: [Scalar]
    /// √(1 − a), √a and a.
    @usableFromInline let own, common, toward: Scalar
    @usableFromInline let spread: [Scalar]

    init(_ shock: MarketShock) {
      begin = UInt32(shock.beginStep)
      end = UInt32(shock.endStep)
      logReturn = shock.totalReturn.map {
        Scalar(Double.log(1 + $0) / Double(shock.lengthSteps))
      }
      factor = shock.volatilityFactor.map { Scalar($0) }
      own = Scalar((1 - shock.correlationTowardOne).squareRoot())
      common = Scalar(shock.correlationTowardOne.squareRoot())
      toward = Scalar(shock.correlationTowardOne)
      spread = shock.halfSpreadFactor.map { Scalar($0) }
    }
  }

  /// - Parameters:
  ///   - base: a market of a model, or resampled data.
  ///   - shocks: in order of time; they do not overlap.
  public init(_ base: Market<Double>, shocks: [MarketShock], stepsPerYear: Double)
  where Scalar == Double {
    let assets = base.assetCount
    precondition(
      shocks.allSatisfy { shock in
        [shock.totalReturn, shock.volatilityFactor, shock.halfSpreadFactor].allSatisfy {
          $0.count == assets
        }
      }, "one number per asset")
    precondition(
      zip(shocks, shocks.dropFirst()).allSatisfy { $0.endStep <= $1.beginStep },
      "shocks must not overlap")
    self.base = base
    self.shocks = shocks
    assetCount = assets
    center = base.meanLogReturns
    kernels = shocks.map { Kernel($0) }
    self.stepsPerYear = stepsPerYear
    changesRisk = shocks.contains {
      $0.correlationTowardOne > 0 || $0.volatilityFactor.contains { $0 != 1 }
    }
  }

  /// The same market in another arithmetic.
  init(_ other: StressedMarket<Double>) {
    base = Market(other.base)
    shocks = other.shocks
    assetCount = other.assetCount
    center = other.center.map { Scalar($0) }
    kernels = shocks.map { Kernel($0) }
    stepsPerYear = Scalar(other.stepsPerYear)
    changesRisk = other.changesRisk
  }

  /// Whether a shock changes spreads.
  public var changesSpreads: Bool {
    shocks.contains { $0.halfSpreadFactor.contains { $0 != 1 } }
  }

  // MARK: - Returns

  @inlinable func move<L: Lanes>(
    _ paths: Span<MarketPath<L>>, state: inout MutableSpan<L>, growth: inout MutableSpan<L>,
    logReturns: inout MutableSpan<L>, income: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    let volatilities = knownVolatilities(paths, state.span)
    base.move(paths, state: &state, growth: &growth, logReturns: &logReturns, income: &income)
    for group in paths.indices {
      for kernel in kernels {
        let hit = lanes(paths[group], in: kernel.begin..<kernel.end)
        guard hit.isAnyTrue else { continue }
        let (z, _, _, _): (L, L, L, L) = paths[group].source.normals(
          .market, copy: paths[group].copy, episode: paths[group].episode,
          step: paths[group].step, draw: Self.draw)
        for asset in 0..<assetCount {
          let place = group * assetCount + asset
          let center = L(repeating: center[asset])
          var shocked = L(repeating: kernel.own) * (logReturns[place] - center)
          if kernel.toward > 0 {
            shocked = shocked + L(repeating: kernel.common) * volatilities[place] * z
          }
          shocked =
            center + L(repeating: kernel.factor[asset]) * shocked
            + L(repeating: kernel.logReturn[asset])
          logReturns[place] = logReturns[place].replacing(with: shocked, where: hit)
          growth[place] = growth[place].replacing(with: L.exp(shocked), where: hit)
        }
      }
    }
  }

  /// Draws of a step that no market comes near to.
  @usableFromInline static var draw: Int { 0x8000 }

  /// σ per step before the market moves, [groups, assets]; empty where no shock needs it now.
  @inlinable func knownVolatilities<L: Lanes>(
    _ paths: Span<MarketPath<L>>, _ state: Span<L>
  ) -> [L] where L.Scalar == Scalar {
    // A loop of its own: the compiler's optimiser fails on a closure around the span.
    var isNeeded = false
    for group in paths.indices {
      let path = paths[group]
      for kernel in kernels where kernel.toward > 0 {
        if lanes(path, in: kernel.begin..<kernel.end).isAnyTrue { isNeeded = true }
      }
    }
    guard isNeeded else { return [] }
    let perStep = L(repeating: (1 / stepsPerYear).squareRoot())
    let size = base.stateCount
    var volatilities: [L] = []
    for group in paths.indices {
      let own = state.extracting(group * size..<(group + 1) * size)
      for asset in 0..<assetCount {
        volatilities.append(base.volatility(of: asset, paths[group], state: own) * perStep)
      }
    }
    return volatilities
  }

  /// Where a path's step lies in a range.
  @inlinable func lanes<L: Lanes>(_ path: MarketPath<L>, in steps: Range<UInt32>) -> L.Mask {
    let first = path.step[lane: 0]
    if path.step == L.Words(word: first) { return L.Mask(repeating: steps.contains(first)) }
    var mask = L.Mask(repeating: false)
    for lane in 0..<L.laneCount { mask[lane: lane] = steps.contains(path.step[lane: lane]) }
    return mask
  }

  // MARK: - What is known

  /// Writes the covariance of the base, k²-fold and with correlations moved, where a shock's returns
  /// have shown it.
  @inlinable func covariance<L: Lanes>(
    _ path: MarketPath<L>, state: Span<L>, into covariance: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    base.covariance(path, state: state, into: &covariance)
    for kernel in kernels where changesRisk {
      let seen = lanes(path, in: kernel.begin + 1..<kernel.end + 1)
      guard seen.isAnyTrue else { continue }
      // Deviations are read off the diagonal before it changes: below it first, the diagonal last.
      for i in 0..<assetCount {
        for j in 0..<i {
          let (row, column) = (i * assetCount + j, j * assetCount + i)
          let product =
            (covariance[i * assetCount + i] * covariance[j * assetCount + j]).roots()
          let mixed =
            L(repeating: 1 - kernel.toward) * covariance[row] + L(repeating: kernel.toward)
            * product
          let scaled = L(repeating: kernel.factor[i] * kernel.factor[j]) * mixed
          covariance[row] = covariance[row].replacing(with: scaled, where: seen)
          covariance[column] = covariance[column].replacing(with: scaled, where: seen)
        }
      }
      for i in 0..<assetCount {
        let place = i * assetCount + i
        let scaled = L(repeating: kernel.factor[i] * kernel.factor[i]) * covariance[place]
        covariance[place] = covariance[place].replacing(with: scaled, where: seen)
      }
    }
  }

  /// k of one asset where a shock's returns have shown it, 1 elsewhere.
  @inlinable func knownFactor<L: Lanes>(of asset: Int, _ path: MarketPath<L>) -> L
  where L.Scalar == Scalar {
    var factor = L(repeating: 1)
    for kernel in kernels {
      factor = factor.replacing(
        with: L(repeating: kernel.factor[asset]),
        where: lanes(path, in: kernel.begin + 1..<kernel.end + 1))
    }
    return factor
  }

  /// The factor of one asset's half spread at a decision.
  @inlinable func spreadFactor<L: Lanes>(of asset: Int, _ path: MarketPath<L>) -> L
  where L.Scalar == Scalar {
    var factor = L(repeating: 1)
    for kernel in kernels {
      factor = factor.replacing(
        with: L(repeating: kernel.spread[asset]), where: lanes(path, in: kernel.begin..<kernel.end))
    }
    return factor
  }
}

/// A disturbance of some steps of every episode.
public struct MarketShock: Sendable, Hashable {
  /// For people, for example `crash`.
  public var name: String
  /// The first step, counted from 0, whose market move is disturbed.
  public var beginStep: Int
  /// Steps, at least 1.
  public var lengthSteps: Int
  /// R per asset, above −1: the return that the whole shock adds.
  public var totalReturn: [Double]
  /// k per asset.
  public var volatilityFactor: [Double]
  /// a, from 0 to 1.
  public var correlationTowardOne: Double
  /// The factor of the half spread per asset.
  public var halfSpreadFactor: [Double]

  public init(
    name: String, beginStep: Int, lengthSteps: Int, totalReturn: [Double],
    volatilityFactor: [Double], correlationTowardOne: Double, halfSpreadFactor: [Double]
  ) {
    self.name = name
    self.beginStep = beginStep
    self.lengthSteps = lengthSteps
    self.totalReturn = totalReturn
    self.volatilityFactor = volatilityFactor
    self.correlationTowardOne = correlationTowardOne
    self.halfSpreadFactor = halfSpreadFactor
  }

  /// The first step after it.
  public var endStep: Int { beginStep + lengthSteps }
}

extension Market<Double> {
  /// Mean log return of a step per asset in the long run; for simple returns to the second order.
  var meanLogReturns: [Double] {
    func logMeans(_ means: [Double], _ variances: [Double], _ kind: ReturnKind) -> [Double] {
      kind == .log ? means : zip(means, variances).map { $0 - $1 / 2 }
    }
    switch self {
    case .logRatio(let market): return [market.meanPerStep, 0]
    case .lognormal(let market): return market.logMeanPerStep
    case .normal(let market):
      let n = market.assetCount
      let variances = (0..<n).map { i in
        (0...i).reduce(0) { $0 + market.factor[i * n + $1] * market.factor[i * n + $1] }
      }
      return logMeans(market.meanPerStep, variances, .simple)
    case .regimes(let market): return market.meanLogReturns
    case .garch(let market):
      return logMeans(
        market.equations.map(\.mean), market.equations.map(\.unconditional), market.returnKind)
    case .bootstrap(let market): return market.table.meanLogReturns
    case .historical(let market): return market.table.meanLogReturns
    case .yielding(let market): return market.base.meanLogReturns
    case .stressed(let market): return market.base.meanLogReturns
    }
  }
}

extension RegimeMarket<Double> {
  fileprivate var meanLogReturns: [Double] {
    (0..<assetCount).map { i in
      (0..<regimeCount).reduce(0) { sum, regime in
        let row = (regime * assetCount + i) * assetCount
        let variance = (0...i).reduce(0) { $0 + factors[row + $1] * factors[row + $1] }
        let mean = means[regime * assetCount + i] - (returnKind == .log ? 0 : variance / 2)
        return sum + stationary[regime] * mean
      }
    }
  }
}

extension ReturnTable<Double> {
  fileprivate var meanLogReturns: [Double] {
    (0..<assetCount).map { i in
      (1..<dayCount).reduce(0) { $0 + logReturns[$1 * assetCount + i] } / Double(dayCount - 1)
    }
  }
}
