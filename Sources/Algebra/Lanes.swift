import CVector

/// A bundle of floating-point numbers that are computed side by side: a scalar (one lane) or a SIMD
/// vector.
///
/// Numerical code is written once over `Lanes`, as if for one number. Every operation is elementwise
/// IEEE arithmetic without fusing or reordering, so a lane's bits do not depend on how many there are.
public protocol Lanes: Sendable {
  /// The type of one lane.
  associatedtype Scalar: BinaryFloatingPoint & SIMDScalar & Codable & Sendable
  /// One truth value per lane.
  associatedtype Mask: MaskLanes
  /// The bit patterns of the lanes.
  associatedtype Bits: BitLanes
  /// One 32-bit word per lane: counters and random words.
  associatedtype Words: WordLanes

  /// Number of lanes.
  static var laneCount: Int { get }

  init(repeating value: Scalar)
  /// The numbers in [0, 1) that the words are the leading digits of: 23 bits for `Float`, 32 for
  /// `Double`.
  init(unitInterval words: Words)
  init(bits: Bits)
  var bits: Bits { get }

  /// One lane.
  subscript(lane index: Int) -> Scalar { get set }

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static func .< (a: Self, b: Self) -> Mask
  static func .<= (a: Self, b: Self) -> Mask

  /// `other` where `mask` is true, `self` elsewhere.
  func replacing(with other: Self, where mask: Mask) -> Self
  /// Square roots.
  func roots() -> Self

  /// Writes columns of lanes as rows, one row per lane: shape [columns, lanes] becomes
  /// [lanes, columns].
  ///
  /// - Parameters:
  ///   - columns: one number of every row per element.
  ///   - rows: receives as many rows as fit from `row` on.
  static func transpose(_ columns: Span<Self>, into rows: inout MutableSpan<Float>, row: Int)

  /// eˣ; relative error below 1.1 ulp where the result is a normal number, beyond them 0 or
  /// infinity. NaN stays NaN.
  static func exp(_ x: Self) -> Self
  /// Natural logarithm of a positive normal number; error below 1.5 ulp of max(|log x|, 1/2).
  ///
  /// Outside of these numbers the result is finite and meaningless.
  static func log(_ x: Self) -> Self
  /// sin 2πu and cos 2πu of an angle in turns, `u` in [−2²⁰, 2²⁰]; absolute error below
  /// 0.75 ulp of 1.
  static func sinCos(turns u: Self) -> (sin: Self, cos: Self)
  /// Hyperbolic tangent; relative error below 1.5 ulp for `Float`, 2.5 ulp for `Double`. NaN
  /// stays NaN.
  static func tanh(_ x: Self) -> Self
}

/// Truth values, one per lane.
public protocol MaskLanes {
  init(repeating value: Bool)
  static func .& (a: Self, b: Self) -> Self
  static func .| (a: Self, b: Self) -> Self
  static prefix func .! (a: Self) -> Self
  subscript(lane index: Int) -> Bool { get set }
  /// Whether any lane is true.
  var isAnyTrue: Bool { get }
}

/// Unsigned integers, one per lane, with wrapping arithmetic.
public protocol BitLanes: Sendable {
  associatedtype Scalar: FixedWidthInteger & UnsignedInteger & Sendable
  init(repeating value: Scalar)
  static func &+ (a: Self, b: Self) -> Self
  static func &- (a: Self, b: Self) -> Self
  static func & (a: Self, b: Self) -> Self
  static func | (a: Self, b: Self) -> Self
  static func ^ (a: Self, b: Self) -> Self
  static func &<< (a: Self, b: Self) -> Self
  static func &>> (a: Self, b: Self) -> Self
}

/// 32-bit words, one per lane; how many bits a lane holds beyond them is its own affair.
public protocol WordLanes: Equatable, Sendable {
  init(word: UInt32)
  subscript(lane index: Int) -> UInt32 { get set }
  static func ^ (a: Self, b: Self) -> Self
  static func &+ (a: Self, b: Self) -> Self
  /// The high and the low 32 bits of the 64-bit products with `factor`.
  func widenedProduct(with factor: UInt32) -> (high: Self, low: Self)
  /// The rounds of `Philox.block`.
  static func philox(
    _ counter: (Self, Self, Self, Self), key: (UInt32, UInt32), rounds: Int
  ) -> (Self, Self, Self, Self)
}

extension Lanes {
  /// One Horner step: `self · x + c`.
  @inlinable @inline(__always) func times(_ x: Self, plus c: Scalar) -> Self {
    self * x + Self(repeating: c)
  }

  /// The smaller of two, lane by lane.
  @inlinable @inline(__always) public static func smaller(_ a: Self, _ b: Self) -> Self {
    b.replacing(with: a, where: a .< b)
  }

  /// The larger of two, lane by lane.
  @inlinable @inline(__always) public static func larger(_ a: Self, _ b: Self) -> Self {
    b.replacing(with: a, where: b .< a)
  }

  /// The absolute values.
  @inlinable @inline(__always) public var absolute: Self {
    Self.larger(self, Self(repeating: 0) - self)
  }
}

// MARK: - One lane

extension Bool: MaskLanes {
  @inlinable public init(repeating value: Bool) { self = value }
  @inlinable public static func .& (a: Bool, b: Bool) -> Bool { a && b }
  @inlinable public static func .| (a: Bool, b: Bool) -> Bool { a || b }
  @inlinable public static prefix func .! (a: Bool) -> Bool { !a }
  @inlinable @inline(__always) public subscript(lane index: Int) -> Bool {
    get { self }
    set { self = newValue }
  }
  @inlinable public var isAnyTrue: Bool { self }
}

extension UInt32: BitLanes, WordLanes {
  public typealias Scalar = UInt32
  @inlinable public init(repeating value: UInt32) { self = value }
  @inlinable @inline(__always) public init(word: UInt32) { self = word }
  @inlinable @inline(__always) public subscript(lane index: Int) -> UInt32 {
    get { self }
    set { self = newValue }
  }
  @inlinable @inline(__always) public func widenedProduct(with factor: UInt32) -> (
    high: UInt32, low: UInt32
  ) {
    let product = multipliedFullWidth(by: factor)
    return (product.high, product.low)
  }
}

extension UInt64: BitLanes {
  public typealias Scalar = UInt64
  @inlinable public init(repeating value: UInt64) { self = value }
}

extension Float: Lanes {
  public typealias Scalar = Float
  public typealias Mask = Bool
  public typealias Bits = UInt32
  public typealias Words = UInt32
  @inlinable public static var laneCount: Int { 1 }
  @inlinable public init(repeating value: Float) { self = value }
  @inlinable @inline(__always) public init(unitInterval words: UInt32) {
    self = Float(bitPattern: (words &>> 9) | 0x3F80_0000) - 1
  }
  @inlinable @inline(__always) public init(bits: UInt32) { self = Float(bitPattern: bits) }
  @inlinable @inline(__always) public var bits: UInt32 { bitPattern }
  @inlinable @inline(__always) public subscript(lane index: Int) -> Float {
    get { self }
    set { self = newValue }
  }
  @inlinable public static func .< (a: Float, b: Float) -> Bool { a < b }
  @inlinable public static func .<= (a: Float, b: Float) -> Bool { a <= b }
  @inlinable public func replacing(with other: Float, where mask: Bool) -> Float {
    mask ? other : self
  }
  @inlinable @inline(__always) public func roots() -> Float { squareRoot() }
}

extension Double: Lanes {
  public typealias Scalar = Double
  public typealias Mask = Bool
  public typealias Bits = UInt64
  public typealias Words = UInt32
  @inlinable public static var laneCount: Int { 1 }
  @inlinable public init(repeating value: Double) { self = value }
  @inlinable @inline(__always) public init(unitInterval words: UInt32) {
    self = Double(words) * 0x1p-32
  }
  @inlinable @inline(__always) public init(bits: UInt64) { self = Double(bitPattern: bits) }
  @inlinable @inline(__always) public var bits: UInt64 { bitPattern }
  @inlinable @inline(__always) public subscript(lane index: Int) -> Double {
    get { self }
    set { self = newValue }
  }
  @inlinable public static func .< (a: Double, b: Double) -> Bool { a < b }
  @inlinable public static func .<= (a: Double, b: Double) -> Bool { a <= b }
  @inlinable public func replacing(with other: Double, where mask: Bool) -> Double {
    mask ? other : self
  }
  @inlinable @inline(__always) public func roots() -> Double { squareRoot() }
}
