import Foundation

/// The expected block length with which the stationary bootstrap estimates the variance of a series'
/// mean best (Politis and White 2004, corrected by Patton, Politis and White 2009).
///
///     b = (2 G² n / D)^(1/3),  D = 2 S²,  S = Σ_k λ(k/M) R_k,  G = Σ_k λ(k/M) |k| R_k
///
/// summed over |k| ≤ M, with autocovariances R and the flat-top window λ(x) = min(1, 2 (1 − |x|)).
/// M is twice the lag, at least 1, with which the first K = max(5, ⌊log₁₀ n⌋) correlations in a row
/// begin that stay below 2 √(log₁₀ n / n); M is at most ⌈√n⌉ + K, and b at most ⌈min(3 √n, n/3)⌉.
///
/// - Parameter series: at least 20 numbers that are not all the same.
/// - Returns: b, not rounded; it may be below 1.
public func optimalBlockLength(_ series: [Double]) -> Double {
  let n = series.count
  precondition(n >= 20, "\(n) numbers: at least 20 are needed")
  let mean = series.reduce(0, +) / Double(n)
  let deviations = series.map { $0 - mean }
  let run = max(5, Int(log10(Double(n))))
  let lagLimit = Int(Double(n).squareRoot().rounded(.up)) + run
  let covariances = (0...lagLimit).map { lag in product(deviations, lag: lag) / Double(n) }
  let lag = firstInsignificantLag(deviations, run: run, limit: lagLimit)
  let width = lag.map { min(2 * max($0, 1), lagLimit) } ?? lagLimit
  var (sum, weightedSum) = (covariances[0], 0.0)
  for k in 1...width {
    let window = min(1, 2 * (1 - Double(k) / Double(width)))
    sum += 2 * window * covariances[k]
    weightedSum += 2 * window * Double(k) * covariances[k]
  }
  let length = cbrt(weightedSum * weightedSum / (sum * sum) * Double(n))
  return min(length, min(3 * Double(n).squareRoot(), Double(n) / 3).rounded(.up))
}

/// The smallest lag m of which the correlations m ..< m + run all lie within the band.
private func firstInsignificantLag(_ deviations: [Double], run: Int, limit: Int) -> Int? {
  let n = Double(deviations.count)
  let band = 2 * (log10(n) / n).squareRoot()
  var quiet = 0
  for lag in 0..<limit {
    // Both parts are scaled by their own lengths, the way of the authors' program.
    let head = deviations.dropLast(lag + 1).reduce(0) { $0 + $1 * $1 }
    let tail = deviations.dropFirst(lag + 1).reduce(0) { $0 + $1 * $1 }
    let correlation = product(deviations, lag: lag) / (head * tail).squareRoot()
    quiet = abs(correlation) < band ? quiet + 1 : 0
    if quiet == run { return lag - run + 1 }
  }
  return nil
}

private func product(_ deviations: [Double], lag: Int) -> Double {
  (lag..<deviations.count).reduce(0) { $0 + deviations[$1] * deviations[$1 - lag] }
}

extension PriceHistory {
  /// An expected block length that keeps the dependence of returns and of their size: the largest of
  /// `optimalBlockLength` over all assets' returns and squared returns, at least 1.
  public var automaticBlockLength: Double {
    assets.indices.map { asset in
      let returns = dates.indices.dropFirst().map { growth(asset, on: $0) - 1 }
      return max(optimalBlockLength(returns), optimalBlockLength(returns.map { $0 * $0 }))
    }.reduce(1) { max($0, $1) }
  }
}
