import Algebra
import Testing

@Suite struct RandomStreamTests {
  private let source = RandomSource(seed: 20_240_229)

  /// Normals of one stream, copy and episode, four per step.
  private func normals(
    _ stream: RandomStream = .market, copy: UInt32 = 0, episode: UInt32 = 0, draw: Int = 0,
    steps: Int, of source: RandomSource? = nil
  ) -> [Double] {
    let source = source ?? self.source
    return (0..<UInt32(steps)).flatMap { step in
      let (a, b, c, d): (Double, Double, Double, Double) = source.normals(
        stream, copy: copy, episode: episode, step: step, draw: draw)
      return [a, b, c, d]
    }
  }

  @Test func `four million normals have the moments and tails of the normal law`() {
    let values = normals(steps: 1_000_000)
    let n = Double(values.count)
    func moment(_ power: Int) -> Double {
      values.reduce(0) { sum, x in sum + (0..<power).reduce(1) { product, _ in product * x } } / n
    }
    // Five standard deviations of each estimate.
    #expect(abs(moment(1)) < 5 / n.squareRoot())
    #expect(abs(moment(2) - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(moment(3)) < 5 * (15 / n).squareRoot())
    #expect(abs(moment(4) - 3) < 5 * (96 / n).squareRoot())
    // P(|x| > 1), P(|x| > 2), P(|x| > 3), P(|x| > 4.5).
    for (bound, share) in [
      (1, 0.317_310_507_863), (2, 0.045_500_263_896), (3, 0.002_699_796_063),
      (4.5, 6.795_346_249e-6),
    ] {
      let count = Double(values.count { abs($0) > bound })
      #expect(abs(count - n * share) < 5 * (n * share * (1 - share)).squareRoot(), "\(bound)")
    }
    // Box–Muller of 32-bit uniforms ends at √(−2 log 2⁻³²) = 6.66.
    #expect(values.allSatisfy { abs($0) < 6.661 })
  }

  @Test func `single precision normals are those of double precision, rounded`() {
    var worst = 0.0
    for step in 0..<UInt32(50_000) {
      let single: (Float, Float, Float, Float) = source.normals(
        .market, copy: 0, episode: 0, step: step, draw: 0)
      let words = source.words(
        .market, copy: UInt32(0), episode: 0, step: step, draw: 0)
      // 23 bits of the words, as `Float` takes them.
      let (u, v) = (Double(words.0 >> 9) * 0x1p-23, Double(words.1 >> 9) * 0x1p-23)
      let exact = (-2 * Double.log(1 - u)).squareRoot() * Double.sinCos(turns: v).cos
      worst = max(worst, abs(Double(single.0) - exact))
    }
    #expect(worst < 1e-6)
  }

  @Test func `lanes hold the numbers of their own copies`() {
    let copies = SIMD8<UInt64>(0, 1, 2, 3, 4, 5, 6, 7)
    let word = SIMD8<UInt64>(word: 3)
    let wide: (SIMD8<Double>, SIMD8<Double>, SIMD8<Double>, SIMD8<Double>) = source.normals(
      .market, copy: copies, episode: word, step: word, draw: 1)
    for copy in 0..<8 {
      let alone: (Double, Double, Double, Double) = source.normals(
        .market, copy: UInt32(copy), episode: 3, step: 3, draw: 1)
      #expect(alone.0 == wide.0[copy] && alone.1 == wide.1[copy])
      #expect(alone.2 == wide.2[copy] && alone.3 == wide.3[copy])
    }
  }

  @Test func `seeds, streams, copies, episodes, draws and neighbours are uncorrelated`() {
    let steps = 50_000
    let base = normals(steps: steps)
    let others: [(String, [Double])] = [
      ("seed", normals(steps: steps, of: RandomSource(seed: source.seed + 1))),
      (
        "high half of the seed",
        normals(steps: steps, of: RandomSource(seed: source.seed + 1 << 32))
      ),
      ("stream", normals(.flows, steps: steps)), ("copy", normals(copy: 1, steps: steps)),
      ("episode", normals(episode: 1, steps: steps)), ("draw", normals(draw: 1, steps: steps)),
      ("neighbour", Array(base.dropFirst()) + [0]),
      ("step", Array(base.dropFirst(4)) + [0, 0, 0, 0]),
    ]
    let n = Double(base.count)
    for (name, other) in others {
      let correlation = zip(base, other).reduce(0) { $0 + $1.0 * $1.1 } / n
      #expect(abs(correlation) < 5 / n.squareRoot(), "\(name)")
      // Squares too: Box–Muller would show a shared radius here.
      let ofSquares = zip(base, other).reduce(0) { $0 + ($1.0 * $1.0 - 1) * ($1.1 * $1.1 - 1) } / n
      #expect(abs(ofSquares) < 5 * 2 / n.squareRoot(), "\(name)")
    }
  }

  @Test func `uniform numbers are even and below one`() {
    let values = (0..<UInt32(200_000)).map { source.uniform(.exploration, step: $0) }
    #expect(values.allSatisfy { (0..<1).contains($0) })
    var counts = [Int](repeating: 0, count: 20)
    for value in values { counts[Int(value * 20)] += 1 }
    // Chi-square with 19 degrees of freedom: 57 is exceeded once in 10⁵.
    let expected = Double(values.count) / 20
    let chiSquare = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) }
    #expect(chiSquare / expected < 57)
    #expect(Double(unitInterval: UInt32.max) < 1 && Float(unitInterval: UInt32.max) < 1)
    #expect(Double(unitInterval: UInt32(0)) == 0 && Float(unitInterval: UInt32(0)) == 0)
  }

  @Test(arguments: [0, 1, 2, 7, 1_000])
  func `a permutation holds every number once`(_ count: Int) {
    let order = source.permutation(of: count, .minibatchOrder, episode: 3)
    #expect(order.sorted() == Array(0..<count))
    #expect(order == source.permutation(of: count, .minibatchOrder, episode: 3))
    let next = source.permutation(of: count, .minibatchOrder, episode: 4)
    #expect(count < 7 || order != next)
  }

  @Test func `all orders of four are equally frequent`() {
    var counts: [[Int]: Int] = [:]
    let draws = 24_000
    for episode in 0..<UInt32(draws) {
      counts[source.permutation(of: 4, .minibatchOrder, episode: episode), default: 0] += 1
    }
    #expect(counts.count == 24)
    // Chi-square with 23 degrees of freedom: 64 is exceeded once in 10⁵.
    let chiSquare = counts.values.reduce(0) { $0 + Double(($1 - 1_000) * ($1 - 1_000)) / 1_000 }
    #expect(chiSquare < 64)
  }
}
