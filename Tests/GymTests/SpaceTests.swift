import Gym
import Testing

@Suite struct SpaceTests {
  private let square = Space.box(low: [-1, 0], high: [1, .infinity])

  @Test(
    arguments: [
      ([0, 0], true), ([-1, 0], true), ([1, .infinity], true), ([0.5, 1e30], true),
      ([1.0001, 0], false), ([0, -0.0001], false), ([-.infinity, 0], false),
      ([.nan, 0], false), ([0, .nan], false), ([], false), ([0], false), ([0, 0, 0], false),
    ] as [([Float], Bool)])
  func `a box contains the vectors between its bounds and nothing else`(
    _ vector: [Float], _ isInside: Bool
  ) {
    #expect(square.contains(vector) == isInside)
  }

  @Test(arguments: [(0, true), (2, true), (-1, false), (3, false)])
  func `a discrete space contains the numbers below its count`(_ value: Int, _ isInside: Bool) {
    #expect(Space.discrete(count: 3).contains(value) == isInside)
  }

  @Test func `kinds do not mix`() {
    #expect(!square.contains(0))
    #expect(!Space.discrete(count: 3).contains([0] as [Float]))
  }

  @Test func `size counts the numbers of an element`() {
    #expect(Space.discrete(count: 7).size == 1)
    #expect(Space.box(low: -1, high: 1, dimensions: 3).size == 3)
    #expect(Space.box(low: -1, high: 2, dimensions: 2) == .box(low: [-1, -1], high: [2, 2]))
  }
}
