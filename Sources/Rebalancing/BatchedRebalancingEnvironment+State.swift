import Algebra
public import Gym

// A state is the numbers of every copy as 64-bit floating-point patterns: seed and shape first, then
// copy after copy.
extension BatchedRebalancingEnvironment {
  public func encodedState() -> [UInt8] {
    var numbers: [Double] = [
      Double(count), Double(firstCopy), Double(source.seed >> 32),
      Double(source.seed & 0xFFFF_FFFF),
    ]
    for copy in 0..<count { numbers += portfolios.numbers(of: copy) }
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
    let stride = portfolios.numbersPerCopy
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
    for copy in 0..<count {
      let own = numbers[(4 + copy * stride)..<(4 + (copy + 1) * stride)]
      guard portfolios.restore(copy, own, horizon: task.horizon) else {
        throw EnvironmentStateError("copy \(copy) is at a step that cannot be")
      }
    }
    source = RandomSource(seed: UInt64(high) << 32 | UInt64(low))
    portfolios.findNextEnds(in: 0..<portfolios.groupCount, horizon: task.horizon)
  }
}

extension Portfolios {
  /// The arrays of lanes, each with the numbers that a copy has in it.
  private static var quantities: [WritableKeyPath<Self, [L]>] {
    [
      \.weights, \.basis, \.lastLogReturns, \.prices, \.ledger, \.marketState,
      \.lastTradeDays, \.cappedShares, \.trends, \.inflows, \.pastIndices,
    ]
  }

  /// Numbers that describe a copy.
  var numbersPerCopy: Int {
    Self.quantities.reduce(4) { $0 + self[keyPath: $1].count / groupCount }
  }

  /// Everything that a copy's future depends on.
  func numbers(of copy: Int) -> [Double] {
    let (group, lane) = (copy / L.laneCount, copy % L.laneCount)
    var numbers = [
      Double(episode(of: copy)), Double(step(of: copy)), values[copy], isOver[copy] ? 1 : 0,
    ]
    for quantity in Self.quantities {
      let size = self[keyPath: quantity].count / groupCount
      numbers += self[keyPath: quantity][group * size..<(group + 1) * size].map {
        Double($0[lane: lane])
      }
    }
    return numbers
  }

  /// Puts a copy where numbers describe it to be.
  ///
  /// - Returns: false where they cannot be, and then nothing has changed.
  mutating func restore(_ copy: Int, _ numbers: ArraySlice<Double>, horizon: Int) -> Bool {
    var numbers = numbers
    guard let episode = UInt32(exactly: numbers.removeFirst()),
      let step = UInt32(exactly: numbers.removeFirst()), Int(step) <= horizon
    else { return false }
    let (group, lane) = (copy / L.laneCount, copy % L.laneCount)
    episodes[group][lane: lane] = episode
    steps[group][lane: lane] = step
    values[copy] = numbers.removeFirst()
    isOver[copy] = numbers.removeFirst() != 0
    for quantity in Self.quantities {
      let size = self[keyPath: quantity].count / groupCount
      for place in group * size..<(group + 1) * size {
        self[keyPath: quantity][place][lane: lane] = L.Scalar(numbers.removeFirst())
      }
    }
    return true
  }
}
