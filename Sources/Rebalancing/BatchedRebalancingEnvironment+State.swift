import Algebra
public import Gym

extension BatchedRebalancingEnvironment {
  /// Numbers per copy in an encoded state.
  private var stride: Int { 4 + 3 * task.assets.count }

  public func encodedState() -> [UInt8] {
    var numbers: [Double] = [
      Double(count), Double(firstCopy), Double(source.seed >> 32),
      Double(source.seed & 0xFFFF_FFFF),
    ]
    let assets = task.assets.count
    for copy in 0..<count {
      numbers += [
        Double(portfolios.episode(of: copy)), Double(portfolios.step(of: copy)),
        portfolios.values[copy], portfolios.isOver[copy] ? 1 : 0,
      ]
      let (group, lane) = (copy / L.laneCount, copy % L.laneCount)
      for quantity in [portfolios.weights, portfolios.basis, portfolios.lastLogReturns] {
        numbers += quantity[group * assets..<(group + 1) * assets].map { Double($0[lane: lane]) }
      }
    }
    return numbers.flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt64($0))) }
    }
  }

  public mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {
    let numbers = Swift.stride(from: 0, to: encodedState.count - 7, by: 8).map { first in
      Double(
        bitPattern: (0..<8).reduce(UInt64(0)) {
          $0 | UInt64(encodedState[first + $1]) << (8 * UInt64($1))
        })
    }
    guard encodedState.count == 8 * (4 + count * stride), numbers[0] == Double(count),
      numbers[1] == Double(firstCopy)
    else {
      throw EnvironmentStateError(
        "the state of \(encodedState.count) bytes does not fit \(count) copies of \(task.id) "
          + "from copy \(firstCopy)")
    }
    guard numbers.allSatisfy(\.isFinite), let high = UInt32(exactly: numbers[2]),
      let low = UInt32(exactly: numbers[3])
    else { throw EnvironmentStateError("the state holds numbers that cannot be") }
    source = RandomSource(seed: UInt64(high) << 32 | UInt64(low))
    for copy in 0..<count {
      try restore(copy, Array(numbers[(4 + copy * stride)..<(4 + (copy + 1) * stride)]))
    }
    portfolios.findNextEnds(in: 0..<portfolios.groupCount, horizon: task.horizon)
  }

  private mutating func restore(
    _ copy: Int, _ numbers: [Double]
  ) throws(EnvironmentStateError) {
    guard let episode = UInt32(exactly: numbers[0]), let step = UInt32(exactly: numbers[1]),
      Int(step) <= task.horizon
    else { throw EnvironmentStateError("copy \(copy) is at a step that cannot be") }
    let (group, lane) = (copy / L.laneCount, copy % L.laneCount)
    let assets = task.assets.count
    portfolios.episodes[group][lane: lane] = episode
    portfolios.steps[group][lane: lane] = step
    portfolios.values[copy] = numbers[2]
    portfolios.isOver[copy] = numbers[3] != 0
    for i in 0..<assets {
      let place = group * assets + i
      portfolios.weights[place][lane: lane] = L.Scalar(numbers[4 + i])
      portfolios.basis[place][lane: lane] = L.Scalar(numbers[4 + assets + i])
      portfolios.lastLogReturns[place][lane: lane] = L.Scalar(numbers[4 + 2 * assets + i])
    }
  }
}
