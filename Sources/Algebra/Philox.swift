/// Philox 4×32: a counter-based random number generator (Salmon, Moraes, Dror, Shaw 2011, "Parallel
/// random numbers: as easy as 1, 2, 3").
///
/// A block of four words is a pure function of a 128-bit counter and a 64-bit key, so any number of a
/// stream is available without those before it. Lanes hold independent counters.
public enum Philox {
  /// The random words of one counter.
  ///
  /// - Parameters:
  ///   - counter: four words per lane, least significant first.
  ///   - key: two words, shared by all lanes.
  ///   - rounds: 10 as published; 7 also pass BigCrush.
  @inlinable @inline(__always) public static func block<Words: WordLanes>(
    _ counter: (Words, Words, Words, Words), key: (UInt32, UInt32), rounds: Int = 10
  ) -> (Words, Words, Words, Words) {
    Words.philox(counter, key: key, rounds: rounds)
  }
}

extension WordLanes {
  @inlinable @inline(__always) public static func philox(
    _ counter: (Self, Self, Self, Self), key: (UInt32, UInt32), rounds: Int
  ) -> (Self, Self, Self, Self) {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<rounds {
      let (high0, low0) = c0.widenedProduct(with: 0xD251_1F53)
      let (high1, low1) = c2.widenedProduct(with: 0xCD9E_8D57)
      c0 = high1 ^ c1 ^ Self(word: k0)
      c1 = low1
      c2 = high0 ^ c3 ^ Self(word: k1)
      c3 = low0
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }
}
