public import Oracles

extension CostErrorScatter {
  /// Exact scores over the limits of the two-asset chain.
  ///
  /// Tracking error is averaged within the step, TE² = σ²(E x² + s²Δt/2) with s = σ w*(1 − w*), so that
  /// no policy lies below the limit; right after trading it may.
  ///
  /// - Parameter learned: names of the policies that are no rules.
  public init(_ evaluation: ExactEvaluation, on chain: TwoAssetChain, learned: Set<String>) {
    let s = chain.volatility * chain.target * (1 - chain.target)
    let within = chain.volatility * s / (2 * chain.stepsPerYear).squareRoot() * 1e4
    // Percent times basis points.
    let unit = chain.volatility * s * s * 1e6
    self.init(
      points: evaluation.policies.compactMap { row in
        guard let error = row.trackingError, let turnover = row.turnover else { return nil }
        return Point(
          name: row.name, trackingError: (error * error + within * within).squareRoot(),
          turnover: turnover * 100, isLearned: learned.contains(row.name))
      },
      frontiers: [
        Frontier(name: "limit 0.2887 s²", product: 0.2887 * unit, isLimit: true),
        Frontier(name: "calendar 0.5642 s²", product: 0.5642 * unit, isLimit: false),
      ])
  }
}
