import Algebra
import Foundation

/// A hidden Markov model with normal returns, fitted by maximum likelihood: the algorithm of Baum and
/// Welch, an expectation-maximisation, from several starts (Hamilton 1990).
///
/// The regime of the first return has a free law. Regimes are in the order of their total variance,
/// the calmest first.
public struct RegimeFit: Sendable {
  /// Means, volatilities and correlations per step; named `calm`, `stress` of two, `calm`, `normal`,
  /// `stress` of three, `regime_1` and so on of others.
  public let regimes: [RegimeMarket<Double>.Regime]
  /// Rows of the transition matrix.
  public let transition: [[Double]]
  /// Probability of each regime in the long run.
  public let stationary: [Double]
  /// Log likelihood of the returns before each iteration of the best start, and at the end.
  public let logLikelihoods: [Double]
  /// Log likelihood at the end of each start that did not degenerate.
  public let startLikelihoods: [Double]
  /// Number of returns.
  public let count: Int

  /// The log likelihood of the fit.
  public var logLikelihood: Double { logLikelihoods.last ?? -.infinity }

  /// How to search.
  public struct Search: Sendable, Hashable {
    /// Number of starts; the first orders returns by their size, the others are random.
    public var starts: Int
    public var seed: UInt64
    /// An iteration that gains less log likelihood per return than this ends the search.
    public var tolerance: Double
    public var maximumIterations: Int

    public init(
      starts: Int = 10, seed: UInt64 = 1, tolerance: Double = 1e-12, maximumIterations: Int = 5_000
    ) {
      self.starts = starts
      self.seed = seed
      self.tolerance = tolerance
      self.maximumIterations = maximumIterations
    }
  }

  /// - Parameters:
  ///   - returns: [steps][assets].
  ///   - regimes: K, at least 2.
  /// - Throws: where there are too few returns, or every start degenerates.
  public init(
    returns: [[Double]], regimes count: Int, search: Search = Search()
  ) throws(RegimeFitError) {
    let assets = returns.first?.count ?? 0
    let needed = 5 * count * (assets + 1)
    guard count >= 2, assets >= 1, returns.count >= needed else {
      throw .tooFewReturns(returns.count, needed: needed)
    }
    var best: (model: RegimeModel, likelihoods: [Double])?
    var ends: [Double] = []
    for start in 0..<max(search.starts, 1) {
      let weights = RegimeModel.startWeights(
        returns, regimes: count, start: start, source: RandomSource(seed: search.seed))
      guard let found = RegimeModel.fit(returns, weights: weights, regimes: count, search) else {
        continue
      }
      let end = found.likelihoods.last ?? -.infinity
      ends.append(end)
      // Of starts that end in the same place the first counts, whatever their last digits.
      let record = best?.likelihoods.last ?? -.infinity
      if end > record + 1e-6 * abs(end) || best == nil { best = found }
    }
    guard let best, let law = try? stationaryLaw(ofTransition: best.model.transition) else {
      throw .degenerate
    }
    let order = (0..<count).sorted { best.model.totalVariance($0) < best.model.totalVariance($1) }
    let names = Self.names(count)
    self.regimes = order.indices.map { best.model.regime(order[$0], name: names[$0]) }
    transition = order.map { from in order.map { best.model.transition[from][$0] } }
    stationary = order.map { law[$0] }
    logLikelihoods = best.likelihoods
    startLikelihoods = ends
    self.count = returns.count
  }

  private static func names(_ count: Int) -> [String] {
    switch count {
    case 2: ["calm", "stress"]
    case 3: ["calm", "normal", "stress"]
    default: (1...count).map { "regime_\($0)" }
    }
  }
}

/// Returns that regimes cannot be fitted to.
public enum RegimeFitError: Error, CustomStringConvertible, Sendable, Hashable {
  case tooFewReturns(Int, needed: Int)
  case degenerate

  public var description: String {
    switch self {
    case .tooFewReturns(let count, let needed):
      "\(count) returns are too few: at least \(needed) are needed, and at least 2 regimes"
    case .degenerate:
      "no start led to regimes with a covariance of their own: fewer regimes or assets may do"
    }
  }
}
