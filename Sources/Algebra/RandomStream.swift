/// What random numbers are for; each purpose has counters of its own.
public enum RandomStream: UInt32, Sendable, CaseIterable {
  case market = 0
  case flows = 1
  case initialState = 2
  case exploration = 3
  case minibatchOrder = 4
  case networkInitialization = 5
  case evaluation = 6
  case resampling = 7
}

/// Random numbers as a pure function of seed, copy, episode, step, stream and draw.
///
/// Nothing is consumed: the same arguments give the same bits in any order, on any thread, in any
/// batch. Counter layout: (copy, episode, step, stream · 2¹⁶ + draw).
public struct RandomSource: Sendable, Hashable {
  /// The seed, which is the generator's key.
  public let seed: UInt64

  public init(seed: UInt64) { self.seed = seed }

  @inlinable var key: (UInt32, UInt32) {
    (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }

  /// Four random words per lane; `draw` counts blocks of four.
  @inlinable @inline(__always) public func words<Words: WordLanes>(
    _ stream: RandomStream, copy: Words, episode: Words, step: Words, draw: Int
  ) -> (Words, Words, Words, Words) {
    let last = stream.rawValue << 16 | UInt32(draw)
    return Philox.block((copy, episode, step, Words(word: last)), key: key)
  }

  /// Four independent standard normals per lane (Box–Muller); `draw` counts blocks of four.
  @inlinable @inline(__always) public func normals<L: Lanes>(
    _ stream: RandomStream, copy: L.Words, episode: L.Words, step: L.Words, draw: Int
  ) -> (L, L, L, L) {
    let (a, b, c, d) = words(stream, copy: copy, episode: episode, step: step, draw: draw)
    let (n0, n1) = Self.normalPair(L(unitInterval: a), L(unitInterval: b))
    let (n2, n3) = Self.normalPair(L(unitInterval: c), L(unitInterval: d))
    return (n0, n1, n2, n3)
  }

  /// Box–Muller: √(−2 log(1 − u)) · (cos 2πv, sin 2πv).
  @inlinable @inline(__always) static func normalPair<L: Lanes>(_ u: L, _ v: L) -> (L, L) {
    // 1 − u is in (0, 1]: the logarithm is finite.
    let radius = (L(repeating: -2) * L.log(L(repeating: 1) - u)).roots()
    let (sin, cos) = L.sinCos(turns: v)
    return (radius * cos, radius * sin)
  }

  /// A uniform number in [0, 1) with 32 bits.
  @inlinable public func uniform(
    _ stream: RandomStream, copy: UInt32 = 0, episode: UInt32 = 0, step: UInt32 = 0, draw: Int = 0
  ) -> Double {
    Double(unitInterval: words(stream, copy: copy, episode: episode, step: step, draw: draw).0)
  }

  /// A whole number in 0 ..< bound; the bias of the multiplication is below bound · 2⁻³².
  @inlinable public func integer(
    below bound: Int, _ stream: RandomStream, copy: UInt32 = 0, episode: UInt32 = 0,
    step: UInt32 = 0, draw: Int = 0
  ) -> Int {
    let word = words(stream, copy: copy, episode: episode, step: step, draw: draw).0
    return Int((UInt64(word) * UInt64(bound)) >> 32)
  }

  /// A random order of 0 ..< count (Fisher–Yates).
  public func permutation(of count: Int, _ stream: RandomStream, episode: UInt32) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(i, integer(below: i + 1, stream, episode: episode, step: UInt32(i)))
    }
    return order
  }
}
