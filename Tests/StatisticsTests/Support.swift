import Algebra
import Statistics

/// Whether two numbers agree relative to the larger, or to 1 where both are small.
func isClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(a), abs(b))
}

/// Two dependent series of returns with volatile moments, that any language repeats: a linear
/// congruential generator drives two autoregressions.
func returns(_ count: Int) -> (first: [Double], second: [Double]) {
  var word: UInt64 = 12_345
  func uniform() -> Double {
    word = (word &* 1_103_515_245 &+ 12_345) % (1 << 31)
    return Double(word) / 2_147_483_648
  }
  var (a, b) = (0.0, 0.0)
  var (first, second) = ([Double](), [Double]())
  for _ in 0..<count {
    let (c, d, e) = (uniform() - 0.5, uniform() - 0.5, uniform() - 0.5)
    (a, b) = (0.3 * a + c, -0.1 * b + d)
    let volatility = 1 + 12 * e * e
    first.append(0.001 + 0.01 * (a + 0.5 * e) * volatility)
    second.append(0.0004 + 0.008 * (b + 0.5 * e) * volatility)
  }
  return (first, second)
}

/// Standard normals of one stream: as many as asked for.
func normals(_ count: Int, seed: UInt64, copy: UInt32 = 0) -> [Double] {
  (0..<UInt32(count)).map {
    let draws: (Double, Double, Double, Double) = RandomSource(seed: seed).normals(
      .market, copy: copy, episode: 0, step: $0, draw: 0)
    return draws.0
  }
}

/// The message of the error that a piece of code throws; `nil` where it throws none.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch { return "\(error)" }
}
