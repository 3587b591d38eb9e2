public import CVector

extension SIMDMask: MaskLanes {
  @inlinable public subscript(lane index: Int) -> Bool {
    get { self[index] }
    set { self[index] = newValue }
  }
  @inlinable public var isAnyTrue: Bool { any(self) }
}

extension SIMD16<UInt32>: BitLanes, WordLanes {
  @inlinable public init(word: UInt32) { self.init(repeating: word) }
  @inlinable public subscript(lane index: Int) -> UInt32 {
    get { self[index] }
    set { self[index] = newValue }
  }
  @inlinable public func widenedProduct(with factor: UInt32) -> (high: Self, low: Self) {
    // Two 32-bit words fill a 64-bit lane: multiply the low words and the high words apart.
    let pairs = unsafe unsafeBitCast(self, to: SIMD8<UInt64>.self)
    let (high, low) = pairs.productsOfHalves(with: factor)
    return unsafe (
      unsafeBitCast(high, to: SIMD16<UInt32>.self), unsafeBitCast(low, to: SIMD16<UInt32>.self)
    )
  }
}

/// A word stands in the low half of its 64-bit lane, beside the `Double` it becomes.
extension SIMD8<UInt64>: BitLanes, WordLanes {
  @inlinable public init(word: UInt32) { self.init(repeating: UInt64(word)) }
  @inlinable public subscript(lane index: Int) -> UInt32 {
    get { UInt32(truncatingIfNeeded: self[index]) }
    set { self[index] = UInt64(newValue) }
  }
  @inlinable public func widenedProduct(with factor: UInt32) -> (high: Self, low: Self) {
    let product = (self & Self(repeating: 0xFFFF_FFFF)) &* Self(repeating: UInt64(factor))
    return (product &>> Self(repeating: 32), product & Self(repeating: 0xFFFF_FFFF))
  }
}

extension SIMD8<UInt64> {
  /// The products of both 32-bit halves of every lane with `factor`, halves in place.
  @inlinable func productsOfHalves(with factor: UInt32) -> (high: Self, low: Self) {
    let lowHalf = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
    let highHalf = SIMD8<UInt64>(repeating: 0xFFFF_FFFF_0000_0000)
    let multiplier = SIMD8<UInt64>(repeating: UInt64(factor))
    let shift = SIMD8<UInt64>(repeating: 32)
    let even = (self & lowHalf) &* multiplier
    let odd = (self &>> shift) &* multiplier
    return ((even &>> shift) | (odd & highHalf), (even & lowHalf) | (odd &<< shift))
  }
}

extension SIMD16<Float>: Lanes {
  public typealias Mask = SIMDMask<SIMD16<Int32>>
  public typealias Bits = SIMD16<UInt32>
  public typealias Words = SIMD16<UInt32>
  @inlinable public static var laneCount: Int { 16 }
  @inlinable public init(unitInterval words: SIMD16<UInt32>) {
    let nine = SIMD16<UInt32>(repeating: 9)
    let one = SIMD16<UInt32>(repeating: 0x3F80_0000)
    self = Self(bits: (words &>> nine) | one) - Self(repeating: 1)
  }
  @inlinable public init(bits: SIMD16<UInt32>) {
    self = unsafe unsafeBitCast(bits, to: SIMD16<Float>.self)
  }
  @inlinable public var bits: SIMD16<UInt32> {
    unsafe unsafeBitCast(self, to: SIMD16<UInt32>.self)
  }
  @inlinable public subscript(lane index: Int) -> Float {
    get { self[index] }
    set { self[index] = newValue }
  }
  @inlinable public func roots() -> Self { vector_sqrt_float16(self) }
}

extension SIMD8<Double>: Lanes {
  public typealias Mask = SIMDMask<SIMD8<Int64>>
  public typealias Bits = SIMD8<UInt64>
  public typealias Words = SIMD8<UInt64>
  @inlinable public static var laneCount: Int { 8 }
  @inlinable public init(unitInterval words: SIMD8<UInt64>) {
    // With the exponent of 2⁵² the low bits count units.
    let magic = SIMD8<UInt64>(repeating: 0x4330_0000_0000_0000)
    self = (Self(bits: words | magic) - Self(repeating: 0x1p52)) * Self(repeating: 0x1p-32)
  }
  @inlinable public init(bits: SIMD8<UInt64>) {
    self = unsafe unsafeBitCast(bits, to: SIMD8<Double>.self)
  }
  @inlinable public var bits: SIMD8<UInt64> {
    unsafe unsafeBitCast(self, to: SIMD8<UInt64>.self)
  }
  @inlinable public subscript(lane index: Int) -> Double {
    get { self[index] }
    set { self[index] = newValue }
  }
  @inlinable public func roots() -> Self { vector_sqrt_double8(self) }
}
