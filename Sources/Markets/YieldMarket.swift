public import Algebra

/// A market whose assets pay a constant part of their return as dividends at every step.
///
/// With the base market's gross return G and the yield y: income y, price growth G − y, at least
/// 2⁻²⁰. The total return stays G, and so does everything that is known of it.
public struct YieldMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The market of the total returns.
  public let base: Market<Scalar>
  /// y, dividends per step over the price before, per asset.
  public let yieldPerStep: [Scalar]

  /// - Parameters:
  ///   - base: a market that pays no dividends of its own.
  ///   - yieldPerYear: per asset.
  public init(_ base: Market<Scalar>, yieldPerYear: [Double], stepsPerYear: Double) {
    precondition(!base.paysDividends, "the market pays dividends already")
    precondition(yieldPerYear.count == base.assetCount, "one yield per asset")
    self.base = base
    yieldPerStep = yieldPerYear.map { Scalar($0 / stepsPerYear) }
  }

  /// The same market in another arithmetic.
  init(_ other: YieldMarket<Double>) {
    base = Market(other.base)
    yieldPerStep = other.yieldPerStep.map { Scalar($0) }
  }

  @inlinable func move<L: Lanes>(
    _ paths: Span<MarketPath<L>>, state: inout MutableSpan<L>, growth: inout MutableSpan<L>,
    logReturns: inout MutableSpan<L>, income: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    base.move(paths, state: &state, growth: &growth, logReturns: &logReturns, income: &income)
    for group in paths.indices {
      for asset in yieldPerStep.indices {
        let place = yieldPerStep.count * group + asset
        let yield = L(repeating: yieldPerStep[asset])
        income[place] = yield
        growth[place] = L.larger(L(repeating: 0x1p-20), growth[place] - yield)
        logReturns[place] = L.log(growth[place])
      }
    }
  }
}
