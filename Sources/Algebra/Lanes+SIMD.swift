public import CVector

extension SIMDMask: MaskLanes {
  @inlinable @inline(__always) public subscript(lane index: Int) -> Bool {
    get { self[index] }
    set { self[index] = newValue }
  }
  @inlinable public var isAnyTrue: Bool { any(self) }
}

extension SIMD16<UInt32>: BitLanes, WordLanes {
  @inlinable @inline(__always) public init(word: UInt32) { self.init(repeating: word) }
  @inlinable @inline(__always) public subscript(lane index: Int) -> UInt32 {
    get { self[index] }
    set { self[index] = newValue }
  }
  @inlinable @inline(__always) public func widenedProduct(with factor: UInt32) -> (
    high: Self, low: Self
  ) {
    let even = evenWords.widenedProduct(with: factor)
    let odd = oddWords.widenedProduct(with: factor)
    return (Self(even: even.high, odd: odd.high), Self(even: even.low, odd: odd.low))
  }

  /// Multiplies 32-bit words in 64-bit lanes: the even words first, then the odd ones, put together
  /// only once, at the end.
  @inlinable @inline(__always) public static func philox(
    _ counter: (Self, Self, Self, Self), key: (UInt32, UInt32), rounds: Int
  ) -> (Self, Self, Self, Self) {
    let (c0, c1, c2, c3) = counter
    let even = SIMD8<UInt64>.philox(
      (c0.evenWords, c1.evenWords, c2.evenWords, c3.evenWords), key: key, rounds: rounds)
    let odd = SIMD8<UInt64>.philox(
      (c0.oddWords, c1.oddWords, c2.oddWords, c3.oddWords), key: key, rounds: rounds)
    return (
      Self(even: even.0, odd: odd.0), Self(even: even.1, odd: odd.1),
      Self(even: even.2, odd: odd.2), Self(even: even.3, odd: odd.3)
    )
  }

  /// The words at even places, each in a 64-bit lane.
  @inlinable @inline(__always) var evenWords: SIMD8<UInt64> {
    unsafe unsafeBitCast(self, to: SIMD8<UInt64>.self) & SIMD8(repeating: 0xFFFF_FFFF)
  }

  /// The words at odd places, each in a 64-bit lane.
  @inlinable @inline(__always) var oddWords: SIMD8<UInt64> {
    unsafe unsafeBitCast(self, to: SIMD8<UInt64>.self) &>> SIMD8(repeating: 32)
  }

  @inlinable @inline(__always) init(even: SIMD8<UInt64>, odd: SIMD8<UInt64>) {
    let both = even | odd &<< SIMD8(repeating: 32)
    self = unsafe unsafeBitCast(both, to: SIMD16<UInt32>.self)
  }
}

/// A word stands in the low half of its 64-bit lane, beside the `Double` it becomes.
extension SIMD8<UInt64>: BitLanes, WordLanes {
  @inlinable @inline(__always) public init(word: UInt32) { self.init(repeating: UInt64(word)) }
  @inlinable @inline(__always) public subscript(lane index: Int) -> UInt32 {
    get { UInt32(truncatingIfNeeded: self[index]) }
    set { self[index] = UInt64(newValue) }
  }
  @inlinable @inline(__always) public func widenedProduct(with factor: UInt32) -> (
    high: Self, low: Self
  ) {
    let product = (self & Self(repeating: 0xFFFF_FFFF)) &* Self(repeating: UInt64(factor))
    return (product &>> Self(repeating: 32), product & Self(repeating: 0xFFFF_FFFF))
  }
}

extension SIMD8<UInt64> {
  /// The rounds on words whose upper halves are left as they fall, and cut off at the end.
  @inlinable @inline(__always) public static func philox(
    _ counter: (Self, Self, Self, Self), key: (UInt32, UInt32), rounds: Int
  ) -> (Self, Self, Self, Self) {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<rounds {
      let product0 = vector_multiply_low_words(c0, Self(repeating: 0xD251_1F53))
      let product1 = vector_multiply_low_words(c2, Self(repeating: 0xCD9E_8D57))
      c0 = (product1 &>> Self(repeating: 32)) ^ c1 ^ Self(word: k0)
      c1 = product1
      c2 = (product0 &>> Self(repeating: 32)) ^ c3 ^ Self(word: k1)
      c3 = product0
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    let low = Self(repeating: 0xFFFF_FFFF)
    return (c0 & low, c1 & low, c2 & low, c3 & low)
  }
}

extension SIMD16<Float> {
  /// `self · factor + term`, rounded once where the processor can: for training alone, whose bits
  /// depend on the machine's matrix products anyway.
  @inlinable @inline(__always) public func fused(times factor: Self, plus term: Self) -> Self {
    vector_multiply_add(self, factor, term)
  }
}

extension SIMD16<Float>: Lanes {
  public typealias Mask = SIMDMask<SIMD16<Int32>>
  public typealias Bits = SIMD16<UInt32>
  public typealias Words = SIMD16<UInt32>
  @inlinable public static var laneCount: Int { 16 }
  @inlinable @inline(__always) public init(unitInterval words: SIMD16<UInt32>) {
    let nine = SIMD16<UInt32>(repeating: 9)
    let one = SIMD16<UInt32>(repeating: 0x3F80_0000)
    self = Self(bits: (words &>> nine) | one) - Self(repeating: 1)
  }
  @inlinable @inline(__always) public init(bits: SIMD16<UInt32>) {
    self = unsafe unsafeBitCast(bits, to: SIMD16<Float>.self)
  }
  @inlinable @inline(__always) public var bits: SIMD16<UInt32> {
    unsafe unsafeBitCast(self, to: SIMD16<UInt32>.self)
  }
  @inlinable @inline(__always) public subscript(lane index: Int) -> Float {
    get { self[index] }
    set { self[index] = newValue }
  }
  @inlinable @inline(__always) public func roots() -> Self { vector_sqrt_float16(self) }
}

extension SIMD8<Double>: Lanes {
  public typealias Mask = SIMDMask<SIMD8<Int64>>
  public typealias Bits = SIMD8<UInt64>
  public typealias Words = SIMD8<UInt64>
  @inlinable public static var laneCount: Int { 8 }
  @inlinable @inline(__always) public init(unitInterval words: SIMD8<UInt64>) {
    // With the exponent of 2⁵² the low bits count units.
    let magic = SIMD8<UInt64>(repeating: 0x4330_0000_0000_0000)
    self = (Self(bits: words | magic) - Self(repeating: 0x1p52)) * Self(repeating: 0x1p-32)
  }
  @inlinable @inline(__always) public init(bits: SIMD8<UInt64>) {
    self = unsafe unsafeBitCast(bits, to: SIMD8<Double>.self)
  }
  @inlinable @inline(__always) public var bits: SIMD8<UInt64> {
    unsafe unsafeBitCast(self, to: SIMD8<UInt64>.self)
  }
  @inlinable @inline(__always) public subscript(lane index: Int) -> Double {
    get { self[index] }
    set { self[index] = newValue }
  }
  @inlinable @inline(__always) public func roots() -> Self { vector_sqrt_double8(self) }
}
