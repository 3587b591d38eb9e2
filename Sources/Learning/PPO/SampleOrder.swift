package import Algebra

/// Random orders of a part's samples, and the sums of advantages along them.
package struct SampleOrder: Sendable {
  /// Shape [epochs][samples].
  package private(set) var orders: [[Int32]]
  /// Shape [epochs][minibatches]: Σ Â and Σ Â² of this part's share.
  package private(set) var sums: [[SIMD2<Double>]]
  /// This part's share of each minibatch, as positions in an order.
  package let ranges: [Range<Int>]

  package init(samples: Int, epochs: Int, minibatches: Int) {
    orders = Array(repeating: (0..<Int32(samples)).map { $0 }, count: epochs)
    sums = Array(repeating: Array(repeating: .zero, count: minibatches), count: epochs)
    ranges = Range<Int>.split(samples, into: minibatches)
  }

  /// Draws all orders of an update and sums the advantages along them.
  package mutating func draw(_ random: RandomSource, part: Int, update: Int, advantages: [Float]) {
    for epoch in orders.indices {
      let number = UInt32(truncatingIfNeeded: update * orders.count + epoch)
      Self.shuffle(&orders[epoch], random, part: UInt32(part), episode: number)
      for (m, range) in ranges.enumerated() {
        var sum = SIMD2<Double>.zero
        for position in range {
          let advantage = Double(advantages[Int(orders[epoch][position])])
          sum += SIMD2(advantage, advantage * advantage)
        }
        sums[epoch][m] = sum
      }
    }
  }

  /// Fisher–Yates on the identity, with 64 random words at a time.
  static func shuffle(
    _ order: inout [Int32], _ random: RandomSource, part: UInt32, episode: UInt32
  ) {
    for i in order.indices { order[i] = Int32(i) }
    var i = order.count - 1
    var block: UInt32 = 0
    while i > 0 {
      let lane = SIMD16<UInt32>.counting
      let words = random.words(
        .minibatchOrder, copy: SIMD16(repeating: part), episode: SIMD16(repeating: episode),
        step: lane &+ (16 &* block), draw: 0)
      for bundle in [words.0, words.1, words.2, words.3] {
        for k in 0..<16 where i > 0 {
          order.swapAt(i, Int((UInt64(bundle[k]) * UInt64(i + 1)) >> 32))
          i -= 1
        }
      }
      block += 1
    }
  }
}
