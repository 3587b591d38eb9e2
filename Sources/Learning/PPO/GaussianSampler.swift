package import Algebra

/// Draws actions of independent normal numbers, a = μ + σ ε, sixteen copies at a time.
///
/// The draw is a function of seed, copy, update and step alone, so it does not depend on how copies
/// are grouped.
package struct GaussianSampler: Sendable {
  /// Shape [rows, dimensions]: the actions of the last call.
  package private(set) var actions: [Float]
  /// Shape [rows]: their log densities.
  package private(set) var logProbabilities: [Float]
  private let dimensions: Int

  /// log √2π.
  static var logNormalizer: Float { 0.918938533 }

  package init(rows: Int, dimensions: Int) {
    precondition(rows % 16 == 0, "\(rows) rows are not whole bundles of sixteen")
    self.dimensions = dimensions
    actions = Array(repeating: 0, count: rows * dimensions)
    logProbabilities = Array(repeating: 0, count: rows)
  }

  /// Draws one action for every row of `outputs`.
  ///
  /// - Parameters:
  ///   - outputs: shape [rows, 2 · dimensions or more]: μ, then log σ.
  ///   - firstCopy: the copy of row 0.
  package mutating func draw(
    from outputs: Matrix, random: RandomSource, firstCopy: Int, update: UInt32, step: UInt32
  ) {
    for row in stride(from: 0, to: logProbabilities.count, by: 16) {
      let copy = SIMD16<UInt32>.counting &+ UInt32(truncatingIfNeeded: firstCopy + row)
      var logProbability = Lanes16.zero
      for i in 0..<dimensions {
        let (noise, _, _, _): (Lanes16, Lanes16, Lanes16, Lanes16) = random.normals(
          .exploration, copy: copy, episode: SIMD16(repeating: update),
          step: SIMD16(repeating: step), draw: i)
        var logDeviation = Lanes16.zero
        for lane in 0..<16 {
          logDeviation[lane] = outputs.elements[(row + lane) * outputs.columns + dimensions + i]
        }
        let deviation = Lanes16.exp(logDeviation)
        for lane in 0..<16 {
          actions[(row + lane) * dimensions + i] =
            outputs.elements[(row + lane) * outputs.columns + i] + deviation[lane] * noise[lane]
        }
        logProbability -= noise * noise * 0.5 + logDeviation + Self.logNormalizer
      }
      for lane in 0..<16 { logProbabilities[row + lane] = logProbability[lane] }
    }
  }
}
