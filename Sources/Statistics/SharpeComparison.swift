public import Algebra
import Foundation

/// The test of a difference of two Sharpe ratios of the same days (Ledoit and Wolf 2008, "Robust
/// performance hypothesis testing with the Sharpe ratio").
///
/// With v = (μ₁, μ₂, E r₁², E r₂²) the difference is Δ = f(v) = μ₁/√(v₃ − μ₁²) − μ₂/√(v₄ − μ₂²), and
/// its standard error √(∇fᵀ Ψ ∇f / n), Ψ the long-run covariance of (r₁ − μ₁, r₂ − μ₂, r₁² − v₃,
/// r₂² − v₄). Nothing is taken to be normal or independent. The authors' program differs in that its
/// kernel is Parzen's and that its answer depends on whether returns are fractions or percent.
public struct SharpeComparison: Sendable, Hashable, Codable {
  /// Returns of each.
  public var count: Int
  /// Mean over standard deviation of a return, per period: not annualised.
  public var first: Double
  public var second: Double
  /// Δ.
  public var difference: Double
  public var standardError: Double
  /// The probability of a difference at least as large where there is none, two-sided.
  public var pValue: Double

  enum CodingKeys: String, CodingKey {
    case count, first, second, difference
    case standardError = "standard_error"
    case pValue = "p_value"
  }

  /// Compares by the normal limit.
  ///
  /// - Parameters:
  ///   - first: returns over the riskless rate.
  ///   - second: those of the other, of the same periods; at least 20.
  public init(
    _ first: [Double], _ second: [Double], kernel: HACKernel = .quadraticSpectral,
    isPrewhitened: Bool = true
  ) throws(StatisticsError) {
    try Self.check(first, second)
    let moments = SharpeMoments(first, second)
    let covariance = try longRunCovariance(
      moments.deviations(first, second), kernel: kernel, isPrewhitened: isPrewhitened,
      estimated: 4)
    count = first.count
    (self.first, self.second) = moments.ratios
    difference = moments.difference
    standardError = (covariance.form(moments.gradient) / Double(count)).squareRoot()
    pValue = 2 * NormalDistribution.cumulative(-abs(difference) / standardError)
  }

  /// Compares by the studentised circular block bootstrap, which keeps its level in smaller samples.
  ///
  /// - Parameters:
  ///   - blockLength: periods that are drawn together, 1 … n/2; longer where returns depend for longer.
  ///   - resamples: the p-value is a multiple of 1/(resamples + 1).
  public init(
    _ first: [Double], _ second: [Double], blockLength: Int, resamples: Int = 4_999,
    source: RandomSource, workers: Int = 1
  ) throws(StatisticsError) {
    try self.init(first, second)
    guard blockLength >= 1, blockLength <= count / 2 else {
      throw StatisticsError(
        "a block length of \(blockLength) is given for \(count) returns, "
          + "1 to \(count / 2) are valid")
    }
    guard (1...1_000_000).contains(resamples) else {
      throw StatisticsError("\(resamples) resamples are given, 1 to 1000000 are valid")
    }
    let center = difference
    var distances = [Double](repeating: 0, count: resamples)
    forEachConcurrently(in: &distances, workers: workers) { replicate, distance in
      let days = circularBlocks(
        first.count, length: blockLength, source: source, replicate: UInt32(replicate))
      let (a, b) = (days.map { first[$0] }, days.map { second[$0] })
      let moments = SharpeMoments(a, b)
      let error = blockStandardError(moments, a, b, blockLength)
      // A resample of one day only has no ratio; it counts as far away, against rejection.
      distance = error > 0 ? abs(moments.difference - center) / error : .infinity
    }
    let own = abs(center) / standardError
    pValue = Double(distances.count { !($0 < own) } + 1) / Double(resamples + 1)
  }

  private static func check(
    _ first: [Double], _ second: [Double]
  ) throws(StatisticsError) {
    guard first.count == second.count, first.count >= 20 else {
      throw StatisticsError(
        "\(first.count) and \(second.count) returns are given: "
          + "both must be of the same periods, at least 20")
    }
    for (name, returns) in [("first", first), ("second", second)] {
      try checkFinite(returns, name)
      guard returns.contains(where: { $0 != returns[0] }) else {
        throw StatisticsError("the \(name) returns are all \(returns[0]): no Sharpe ratio")
      }
    }
  }
}

/// First and second moments of two series of returns, and what the delta method needs of them.
private struct SharpeMoments {
  let means: (Double, Double)
  let squares: (Double, Double)

  init(_ first: [Double], _ second: [Double]) {
    let n = Double(first.count)
    means = (first.reduce(0, +) / n, second.reduce(0, +) / n)
    squares = (
      first.reduce(0) { $0 + $1 * $1 } / n, second.reduce(0) { $0 + $1 * $1 } / n
    )
  }

  private var variances: (Double, Double) {
    (squares.0 - means.0 * means.0, squares.1 - means.1 * means.1)
  }

  var ratios: (Double, Double) {
    (means.0 / variances.0.squareRoot(), means.1 / variances.1.squareRoot())
  }

  var difference: Double { ratios.0 - ratios.1 }

  /// ∇f(v).
  var gradient: [Double] {
    let (a, b) = (pow(variances.0, 1.5), pow(variances.1, 1.5))
    return [squares.0 / a, -squares.1 / b, -0.5 * means.0 / a, 0.5 * means.1 / b]
  }

  /// What the moments are the means of, less the moments: `[time, 4]`.
  func deviations(_ first: [Double], _ second: [Double]) -> [[Double]] {
    zip(first, second).map {
      [$0 - means.0, $1 - means.1, $0 * $0 - squares.0, $1 * $1 - squares.1]
    }
  }
}

/// √(∇fᵀ Ψ ∇f / n) with Ψ of the resample's own blocks: the mean of ζζᵀ over whole blocks, ζ a block's
/// sum over the root of its length (Götze and Künsch 1996).
private func blockStandardError(
  _ moments: SharpeMoments, _ first: [Double], _ second: [Double], _ length: Int
) -> Double {
  let gradient = moments.gradient
  // ∇fᵀ ζζᵀ ∇f is a square: one number per day is enough.
  let slopes = moments.deviations(first, second).map {
    zip($0, gradient).reduce(0) { $0 + $1.0 * $1.1 }
  }
  let blocks = slopes.count / length
  let form = (0..<blocks).reduce(0.0) { total, block in
    let sum = slopes[block * length..<(block + 1) * length].reduce(0, +)
    return total + sum * sum / Double(length)
  }
  return (form / Double(blocks) / Double(slopes.count)).squareRoot()
}

/// The days of a resample: blocks that begin anywhere and go on at the start after the end.
private func circularBlocks(
  _ count: Int, length: Int, source: RandomSource, replicate: UInt32
) -> [Int] {
  var days: [Int] = []
  days.reserveCapacity(count + length)
  var block: UInt32 = 0
  while days.count < count {
    let start = source.integer(below: count, .resampling, copy: replicate, step: block, draw: 2)
    for offset in 0..<length { days.append((start + offset) % count) }
    block += 1
  }
  return Array(days.prefix(count))
}
