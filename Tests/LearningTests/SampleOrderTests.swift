import Algebra
import Learning
import Testing

@Suite struct SampleOrderTests {
  @Test func `every order holds each sample once and every sample comes anywhere`() {
    var order = SampleOrder(samples: 70, epochs: 2, minibatches: 3)
    var positions = [Double](repeating: 0, count: 70)
    for update in 0..<400 {
      order.draw(
        RandomSource(seed: 1), part: 1, update: update,
        advantages: Array(repeating: 1, count: 70))
      #expect(order.orders[0] != order.orders[1])
      for epoch in order.orders {
        #expect(epoch.sorted() == Array(0..<70))
        for (position, sample) in epoch.enumerated() { positions[Int(sample)] += Double(position) }
      }
    }
    // The mean position of 800 uniform draws from 0 ..< 70.
    for sum in positions { #expect(abs(sum / 800 - 34.5) < 4.5 * 20.2 / 800.0.squareRoot()) }
  }

  @Test func `the sums are those of each minibatch`() {
    var order = SampleOrder(samples: 10, epochs: 1, minibatches: 3)
    let advantages = (0..<10).map { Float($0) - 3 }
    order.draw(RandomSource(seed: 1), part: 0, update: 0, advantages: advantages)
    #expect(order.ranges == [0..<3, 3..<6, 6..<10])
    for (range, sums) in zip(order.ranges, order.sums[0]) {
      let values = order.orders[0][range].map { Double(advantages[Int($0)]) }
      #expect(sums.x == values.reduce(0, +))
      #expect(sums.y == values.reduce(0) { $0 + $1 * $1 })
    }
  }
}
