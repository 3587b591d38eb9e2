// exp, log, sin, cos and tanh as polynomials over lanes. The coefficients are Chebyshev interpolants
// computed with 60 digits; the error bounds stated in `Lanes` are checked by the tests. Written out
// with separate multiplications and additions, so the bits agree on every vector width.

extension Lanes where Scalar == Float, Bits.Scalar == UInt32 {
  /// Adding 1.5·2²³ rounds to the nearest integer, which then stands in the low bits.
  @inlinable @inline(__always) static var roundingMagic: Self { Self(repeating: 0x1.8p23) }

  @inlinable @inline(__always) public static func exp(_ x: Self) -> Self {
    // Between results that are below the normal numbers and infinite. NaN is the second argument of
    // both comparisons, which therefore keep it.
    let bounded = smaller(Self(repeating: 89), larger(Self(repeating: -88), x))
    let shifted = bounded * Self(repeating: 1.44269504) + roundingMagic
    let n = shifted - roundingMagic
    // ln 2 in two parts: the first has few bits, so that n · part is exact.
    let r = (bounded - n * Self(repeating: 0.693359375)) + n * Self(repeating: 2.12194440e-4)
    var p = Self(repeating: 0.001392692661).times(r, plus: 0.008363773874)
    p = p.times(r, plus: 0.04166655011).times(r, plus: 0.1666657338).times(r, plus: 0.5)
    let fraction = (r * r) * p + r + Self(repeating: 1)
    // 2ⁿ in two factors, because n may be 128.
    let half = (shifted.bits &- roundingMagic.bits &+ Bits(repeating: 256)) &>> Bits(repeating: 1)
    let rest = shifted.bits &- roundingMagic.bits &+ Bits(repeating: 256) &- half
    let result = fraction * powerOfTwo(half) * powerOfTwo(rest)
    return result.replacing(with: Self(repeating: 0), where: result .< Self(repeating: 0x1p-126))
  }

  /// 2^(n − 128) from biased exponents n.
  @inlinable @inline(__always) static func powerOfTwo(_ n: Bits) -> Self {
    Self(bits: (n &- Bits(repeating: 1)) &<< Bits(repeating: 23))
  }

  @inlinable @inline(__always) public static func log(_ x: Self) -> Self {
    // x = 2ⁿ m with m in [√½, √2): move the exponent of √½ to zero, split, move back.
    let offset = Bits(repeating: 0x3F35_04F3)
    let moved = x.bits &- offset
    let m = Self(bits: (moved & Bits(repeating: 0x007F_FFFF)) &+ offset)
    let biased = (moved &>> Bits(repeating: 23)) ^ Bits(repeating: 0x100)
    let exponent = biased & Bits(repeating: 0x1FF)
    let n =
      Self(bits: exponent | Bits(repeating: 0x4B00_0000)) - Self(repeating: 0x1p23 + 256)
    let s = (m - Self(repeating: 1)) / (m + Self(repeating: 1))
    let t = s * s
    let p = Self(repeating: 0.2959031736).times(t, plus: 0.3998855099).times(t, plus: 0.666666856)
    let fraction = (s * t) * p + (s + s)
    return (fraction - n * Self(repeating: 2.12194440e-4)) + n * Self(repeating: 0.693359375)
  }

  @inlinable @inline(__always) public static func sinCos(turns u: Self) -> (sin: Self, cos: Self) {
    let shifted = u * Self(repeating: 4) + roundingMagic
    let r = u - (shifted - roundingMagic) * Self(repeating: 0.25)
    let t = r * r
    let s = Self(repeating: -75.40031851).times(t, plus: 81.59251757)
      .times(t, plus: -41.34166245).times(t, plus: 6.283185288)
    let c = Self(repeating: 59.42329072).times(t, plus: -85.44880415)
      .times(t, plus: 64.93936898).times(t, plus: -19.73920879).times(t, plus: 1)
    let quadrant = shifted.bits
    return rotated(sin: r * s, cos: c, quadrant: quadrant, signShift: Bits(repeating: 30))
  }

  @inlinable @inline(__always) public static func tanh(_ x: Self) -> Self {
    let t = x * x
    var p = Self(repeating: 0.002283024357).times(t, plus: -0.008335324266)
    p = p.times(t, plus: 0.02176627268).times(t, plus: -0.0539589328)
    p = p.times(t, plus: 0.1333330217).times(t, plus: -0.3333333316)
    let near = x + x * t * p
    let one = Self(repeating: 1)
    let size = x.absolute
    let far = one - (one + one) / (exp(size + size) + one)
    let signedFar = far.replacing(with: Self(repeating: 0) - far, where: x .< Self(repeating: 0))
    return signedFar.replacing(with: near, where: size .< Self(repeating: 0.625))
  }
}

extension Lanes where Scalar == Double, Bits.Scalar == UInt64 {
  /// Adding 1.5·2⁵² rounds to the nearest integer, which then stands in the low bits.
  @inlinable @inline(__always) static var roundingMagic: Self { Self(repeating: 0x1.8p52) }

  @inlinable @inline(__always) public static func exp(_ x: Self) -> Self {
    let bounded = smaller(Self(repeating: 710), larger(Self(repeating: -709), x))
    let shifted = bounded * Self(repeating: 1.4426950408889634) + roundingMagic
    let n = shifted - roundingMagic
    let r =
      (bounded - n * Self(repeating: 0x1.62e42fee00000p-1))
      - n * Self(repeating: 0x1.a39ef35793c76p-33)
    var p = Self(repeating: 2.09154422977801152e-9).times(r, plus: 2.51062747335732947e-8)
    p = p.times(r, plus: 2.75572718102197996e-7).times(r, plus: 2.75572528335169097e-6)
    p = p.times(r, plus: 2.48015873270071867e-5).times(r, plus: 1.98412698768643549e-4)
    p = p.times(r, plus: 1.38888888888833267e-3).times(r, plus: 8.3333333333255447e-3)
    p = p.times(r, plus: 4.16666666666666701e-2).times(r, plus: 0.166666666666666714)
    p = p.times(r, plus: 0.5)
    let fraction = (r * r) * p + r + Self(repeating: 1)
    let half = (shifted.bits &- roundingMagic.bits &+ Bits(repeating: 2048)) &>> Bits(repeating: 1)
    let rest = shifted.bits &- roundingMagic.bits &+ Bits(repeating: 2048) &- half
    let result = fraction * powerOfTwo(half) * powerOfTwo(rest)
    return result.replacing(with: Self(repeating: 0), where: result .< Self(repeating: 0x1p-1022))
  }

  /// 2^(n − 1024) from biased exponents n.
  @inlinable @inline(__always) static func powerOfTwo(_ n: Bits) -> Self {
    Self(bits: (n &- Bits(repeating: 1)) &<< Bits(repeating: 52))
  }

  @inlinable @inline(__always) public static func log(_ x: Self) -> Self {
    let offset = Bits(repeating: 0x3FE6_A09E_667F_3BCD)
    let moved = x.bits &- offset
    let m = Self(bits: (moved & Bits(repeating: 0x000F_FFFF_FFFF_FFFF)) &+ offset)
    let biased = (moved &>> Bits(repeating: 52)) ^ Bits(repeating: 0x800)
    let exponent = biased & Bits(repeating: 0xFFF)
    let n =
      Self(bits: exponent | Bits(repeating: 0x4330_0000_0000_0000))
      - Self(repeating: 0x1p52 + 2048)
    let s = (m - Self(repeating: 1)) / (m + Self(repeating: 1))
    let t = s * s
    var p = Self(repeating: 0.131007213835034914).times(t, plus: 0.132674185964748834)
    p = p.times(t, plus: 0.15386290534658992).times(t, plus: 0.181817947008977996)
    p = p.times(t, plus: 0.222222224005477573).times(t, plus: 0.285714285707644501)
    p = p.times(t, plus: 0.400000000000009413).times(t, plus: 0.666666666666666664)
    let fraction = (s * t) * p + (s + s)
    return (fraction + n * Self(repeating: 0x1.a39ef35793c76p-33))
      + n * Self(repeating: 0x1.62e42fee00000p-1)
  }

  @inlinable @inline(__always) public static func sinCos(turns u: Self) -> (sin: Self, cos: Self) {
    let shifted = u * Self(repeating: 4) + roundingMagic
    let r = u - (shifted - roundingMagic) * Self(repeating: 0.25)
    let t = r * r
    var s = Self(repeating: -0.7116293503678766544).times(t, plus: 3.819787792006441644)
    s = s.times(t, plus: -15.09464039738011059).times(t, plus: 42.05869392892516035)
    s = s.times(t, plus: -76.70585975299781025).times(t, plus: 81.60524927607492993)
    s = s.times(t, plus: -41.34170224039976014).times(t, plus: 6.283185307179586477)
    var c = Self(repeating: 0.2797385296157580246).times(t, plus: -1.714333154774765188)
    c = c.times(t, plus: 7.903535610064107121).times(t, plus: -26.42625677779517282)
    c = c.times(t, plus: 60.24464137185445276).times(t, plus: -85.45681720669368432)
    c = c.times(t, plus: 64.93939402266829146).times(t, plus: -19.73920880217871724)
    c = c.times(t, plus: 1)
    return rotated(sin: r * s, cos: c, quadrant: shifted.bits, signShift: Bits(repeating: 62))
  }

  @inlinable @inline(__always) public static func tanh(_ x: Self) -> Self {
    let t = x * x
    var p = Self(repeating: 8.08123846578708195e-5).times(t, plus: -2.36125795707194932e-4)
    p = p.times(t, plus: 5.89711759147567605e-4).times(t, plus: -1.45581419003363656e-3)
    p = p.times(t, plus: 3.59212723389623483e-3).times(t, plus: -8.86323551044051385e-3)
    p = p.times(t, plus: 2.18694885358837972e-2).times(t, plus: -5.39682539682520442e-2)
    p = p.times(t, plus: 0.133333333333333328).times(t, plus: -0.333333333333333333)
    let near = x + x * t * p
    let one = Self(repeating: 1)
    let size = x.absolute
    let far = one - (one + one) / (exp(size + size) + one)
    let signedFar = far.replacing(with: Self(repeating: 0) - far, where: x .< Self(repeating: 0))
    return signedFar.replacing(with: near, where: size .< Self(repeating: 0.3))
  }
}

extension Lanes {
  /// Turns (sin, cos) of the remainder by `quadrant` quarters; the two lowest bits count.
  @inlinable @inline(__always) static func rotated(
    sin: Self, cos: Self, quadrant: Bits, signShift: Bits
  ) -> (
    sin: Self, cos: Self
  ) {
    let one = Bits(repeating: 1)
    let sign = (one &<< signShift) &<< one
    // An odd quadrant exchanges the two: select with an all-ones or all-zeros mask.
    let exchange = Bits(repeating: 0) &- (quadrant & one)
    let difference = (sin.bits ^ cos.bits) & exchange
    let sinSign = (quadrant &<< signShift) & sign
    let cosSign = ((quadrant &+ one) &<< signShift) & sign
    return (
      Self(bits: (sin.bits ^ difference) ^ sinSign), Self(bits: (cos.bits ^ difference) ^ cosSign)
    )
  }
}
