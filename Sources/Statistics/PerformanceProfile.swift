/// The share of runs with a score above τ, for every τ, with intervals at each τ apart (Dolan and Moré
/// 2002; Agarwal et al. 2021).
public struct PerformanceProfile: Sendable, Hashable, Codable {
  public var points: [Point]

  public struct Point: Sendable, Hashable, Codable {
    /// τ.
    public var threshold: Double
    /// The share of scores strictly above it.
    public var share: ConfidenceInterval
  }

  /// - Parameters:
  ///   - thresholds: the τ, finite.
  ///   - bootstrap: what the intervals are taken from.
  public init(
    _ table: ScoreTable, thresholds: [Double], _ bootstrap: Bootstrap
  ) throws(StatisticsError) {
    try checkFinite(thresholds, "thresholds")
    let shares = try bootstrap.intervals(of: [table]) { tables in
      Self.shares(above: thresholds, tables[0].values)
    }
    points = zip(thresholds, shares).map(Point.init)
  }

  static func shares(above thresholds: [Double], _ scores: [Double]) -> [Double] {
    let sorted = scores.sorted()
    return thresholds.map { threshold in
      1 - Double(sorted.countOfPrefix { $0 <= threshold }) / Double(sorted.count)
    }
  }
}
