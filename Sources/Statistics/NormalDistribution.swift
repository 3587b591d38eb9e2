import Foundation

/// The standard normal distribution.
public enum NormalDistribution {
  /// Φ(x).
  public static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  /// Φ⁻¹(p) by bisection of Φ on its smaller tail, to the last digits.
  ///
  /// - Parameter probability: p; ∓∞ at 0 and 1, NaN outside.
  public static func quantile(_ probability: Double) -> Double {
    guard probability > 0, probability < 1 else {
      return probability == 0 ? -.infinity : probability == 1 ? .infinity : .nan
    }
    // 1 − p is exact above one half.
    guard probability <= 0.5 else { return -quantile(1 - probability) }
    var (low, high) = (-39.0, 0.0)
    while true {
      let middle = (low + high) / 2
      guard low < middle, middle < high else { return middle }
      if cumulative(middle) < probability { low = middle } else { high = middle }
    }
  }
}
