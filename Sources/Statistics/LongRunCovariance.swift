import Algebra
import Foundation

/// How autocovariances are weighted in a long-run covariance.
public enum HACKernel: String, Sendable, Hashable, CaseIterable {
  /// Smooth, and of all lags; what Ledoit and Wolf (2008) study.
  case quadraticSpectral = "quadratic_spectral"
  /// Zero from the bandwidth on; what their program uses.
  case parzen

  /// The weight at lag over bandwidth.
  func weight(_ x: Double) -> Double {
    switch self {
    case .quadraticSpectral:
      guard abs(x) > 1e-8 else { return 1 }
      let z = 6 * Double.pi * x / 5
      return 25 / (12 * Double.pi * Double.pi * x * x) * (sin(z) / z - cos(z))
    case .parzen:
      let size = abs(x)
      if size <= 0.5 { return 1 - 6 * size * size + 6 * size * size * size }
      return size <= 1 ? 2 * (1 - size) * (1 - size) * (1 - size) : 0
    }
  }

  /// Bandwidth = this · (α(2) n)^(1/5) (Andrews 1991).
  var bandwidthFactor: Double { self == .quadraticSpectral ? 1.3221 : 2.6614 }
}

/// The long-run covariance Σ_k Γ_k of a stationary series, consistent under heteroskedasticity and
/// autocorrelation, with Andrews' (1991) bandwidth.
///
/// Prewhitened (Andrews and Monahan 1992), a vector autoregression y_t = A y_{t−1} + e_t is taken out
/// first, and D = (1 − A)⁻¹ puts it back: D Ψ(e) Dᵀ, singular values of A limited to 0.97. Variables
/// are scaled to one variance before and scaled back after: bandwidth and limit depend on their units,
/// and a test of returns must not change where returns are given in percent.
///
/// - Parameters:
///   - series: `[time, variable]`, of mean 0.
///   - estimated: parameters that were taken from the data before; the sum is scaled by n/(n − p).
func longRunCovariance(
  _ series: [[Double]], kernel: HACKernel, isPrewhitened: Bool, estimated: Int
) throws(StatisticsError) -> SmallMatrix {
  let n = Double(series.count)
  let scales = (series.first ?? []).indices.map { variable in
    (series.reduce(0) { $0 + $1[variable] * $1[variable] } / n).squareRoot()
  }
  let unit = try covariance(
    series.map { zip($0, scales).map { $0 / $1 } }, kernel, isPrewhitened, estimated)
  return SmallMatrix(size: unit.size) { unit[$0, $1] * scales[$0] * scales[$1] }
}

private func covariance(
  _ series: [[Double]], _ kernel: HACKernel, _ isPrewhitened: Bool, _ estimated: Int
) throws(StatisticsError) -> SmallMatrix {
  guard isPrewhitened else { return kernelSum(series, kernel, estimated: estimated) }
  do {
    let coefficients = try autoregression(series).limitingSingularValues(to: 0.97)
    let residuals = zip(series, series.dropFirst()).map { before, now in
      zip(now, coefficients.times(before)).map { $0 - $1 }
    }
    let inner = kernelSum(residuals, kernel, estimated: estimated)
    let back = try (SmallMatrix.identity(size: inner.size) - coefficients).inverse()
    return back * inner * back.transposed
  } catch {
    throw StatisticsError(
      "the series cannot be prewhitened: its variables are linearly dependent (\(error))")
  }
}

/// n/(n − p) · (Γ₀ + Σ_j w(j/S) (Γ_j + Γ_jᵀ)).
private func kernelSum(
  _ series: [[Double]], _ kernel: HACKernel, estimated: Int
) -> SmallMatrix {
  let n = Double(series.count)
  let bandwidth = kernel.bandwidthFactor * pow(andrewsAlpha(series) * n, 0.2)
  var sum = autocovariance(series, lag: 0)
  for lag in 1..<series.count {
    let x = Double(lag) / bandwidth
    if kernel == .parzen, x >= 1 { break }
    let covariance = autocovariance(series, lag: lag)
    sum = sum + kernel.weight(x) * (covariance + covariance.transposed)
  }
  return n / (n - Double(estimated)) * sum
}

/// Γ_j = Σ_t y_t y_{t−j}ᵀ / n.
private func autocovariance(_ series: [[Double]], lag: Int) -> SmallMatrix {
  let size = series.first?.count ?? 0
  var sum = SmallMatrix(size: size)
  for (now, before) in zip(series.dropFirst(lag), series) {
    for i in 0..<size { for j in 0..<size { sum[i, j] += now[i] * before[j] } }
  }
  return 1 / Double(series.count) * sum
}

/// α(2) of a first-order autoregression of every variable, all of equal weight.
private func andrewsAlpha(_ series: [[Double]]) -> Double {
  var (numerator, denominator) = (0.0, 0.0)
  for variable in (series.first ?? []).indices {
    let (rho, variance) = firstOrder(series.map { $0[variable] })
    let gap = (1 - rho) * (1 - rho)
    let weight = variance * variance / (gap * gap)
    numerator += 4 * rho * rho / (gap * gap) * weight
    denominator += weight
  }
  return denominator > 0 ? numerator / denominator : 0
}

/// Slope and residual variance of x_t on x_{t−1} and a constant; the slope is kept below 0.97.
private func firstOrder(_ x: [Double]) -> (rho: Double, variance: Double) {
  let (before, now) = (Array(x.dropLast()), Array(x.dropFirst()))
  let n = Double(now.count)
  let (meanBefore, meanNow) = (before.reduce(0, +) / n, now.reduce(0, +) / n)
  var (xx, xy, yy) = (0.0, 0.0, 0.0)
  for (b, a) in zip(before, now) {
    xx += (b - meanBefore) * (b - meanBefore)
    xy += (b - meanBefore) * (a - meanNow)
    yy += (a - meanNow) * (a - meanNow)
  }
  guard xx > 0 else { return (0, 0) }
  let rho = xy / xx
  return (min(max(rho, -0.97), 0.97), max(0, yy - rho * xy) / n)
}

/// A of y_t = A y_{t−1} + e_t by least squares.
private func autoregression(_ series: [[Double]]) throws(LinearAlgebraError) -> SmallMatrix {
  let size = series.first?.count ?? 0
  var (past, cross) = (SmallMatrix(size: size), SmallMatrix(size: size))
  for (before, now) in zip(series, series.dropFirst()) {
    for i in 0..<size {
      for j in 0..<size {
        past[i, j] += before[i] * before[j]
        cross[i, j] += now[i] * before[j]
      }
    }
  }
  return cross * (try past.inverse())
}
