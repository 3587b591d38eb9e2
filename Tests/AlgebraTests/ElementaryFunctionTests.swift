import Algebra
import Foundation
import Testing

/// The largest error found in a sweep, in units in the last place.
struct WorstError: CustomStringConvertible {
  var ulps = 0.0
  var argument = 0.0
  var description: String { "\(ulps) ulp at \(argument)" }

  mutating func add(_ ulps: Double, at argument: Double) {
    // Written so that NaN counts as an error.
    if !(ulps <= self.ulps) { (self.ulps, self.argument) = (ulps, argument) }
  }
}

/// What the elementary functions promise: errors in units in the last place of `scale`, which is
/// the exact value unless a sentence in `Lanes` says otherwise.
enum Function: CaseIterable, Sendable {
  case exponential, logarithm, sine, cosine, tangent

  /// Sine and cosine count units of 1, logarithms at least those of one half.
  func scale(_ exact: Double) -> Double {
    switch self {
    case .exponential, .tangent: abs(exact)
    case .logarithm: max(abs(exact), 0.5)
    // The units of numbers just below 1 would be half as large.
    case .sine, .cosine: 1
    }
  }

  func apply<L: Lanes>(_ x: L) -> L where L.Scalar == Float, L.Bits.Scalar == UInt32 {
    switch self {
    case .exponential: L.exp(x)
    case .logarithm: L.log(x)
    case .sine: L.sinCos(turns: x).sin
    case .cosine: L.sinCos(turns: x).cos
    case .tangent: L.tanh(x)
    }
  }

  func apply<L: Lanes>(_ x: L) -> L where L.Scalar == Double, L.Bits.Scalar == UInt64 {
    switch self {
    case .exponential: L.exp(x)
    case .logarithm: L.log(x)
    case .sine: L.sinCos(turns: x).sin
    case .cosine: L.sinCos(turns: x).cos
    case .tangent: L.tanh(x)
    }
  }
}

/// One promise: a function, where, and how well.
struct Promise: Sendable, CustomTestStringConvertible {
  let function: Function
  let range: ClosedRange<Double>
  let ulps: Double
  var testDescription: String { "\(function) on \(range)" }
}

private let singlePromises = [
  Promise(function: .exponential, range: -87.33654...88.72283, ulps: 1.1),
  Promise(function: .logarithm, range: 0x1p-126...0x1.fffffep127, ulps: 1.5),
  Promise(function: .sine, range: -0x1p20...0x1p20, ulps: 0.75),
  Promise(function: .cosine, range: -0x1p20...0x1p20, ulps: 0.75),
  Promise(function: .tangent, range: -100...100, ulps: 1.5),
]

private let doublePromises = [
  Promise(function: .exponential, range: -708.396418...709.782712, ulps: 1.1),
  Promise(function: .logarithm, range: 0x1p-1022...Double.greatestFiniteMagnitude, ulps: 1.5),
  Promise(function: .sine, range: -0x1p20...0x1p20, ulps: 0.75),
  Promise(function: .cosine, range: -0x1p20...0x1p20, ulps: 0.75),
  Promise(function: .tangent, range: -100...100, ulps: 2.5),
]

@Suite struct ElementaryFunctionTests {
  @Test(arguments: singlePromises)
  func `single precision keeps its error bound`(_ promise: Promise) {
    var worst = WorstError()
    func check(_ x: Float) {
      guard promise.range.contains(Double(x)) else { return }
      let exact = promise.function.exact(Double(x))
      let error = abs(Double(promise.function.apply(x)) - exact)
      worst.add(error / Double(Float(promise.function.scale(exact)).ulp), at: Double(x))
    }
    // Every 601st number of the format: a prime, so that all patterns of low bits occur.
    for bits in stride(from: 0, through: UInt32.max - 1_000, by: 601) {
      check(Float(bitPattern: bits))
    }
    // Numbers near 1 and an even sweep, which the format's own spacing neglects.
    for i in 0..<2_000_000 {
      let fraction = Double(i) / 2_000_000
      check(Float(0.25 + 4 * fraction))
      check(Float(-4 + 8 * fraction))
      check(Float(max(promise.range.lowerBound, -2_000) * (1 - fraction)))
      check(Float(min(promise.range.upperBound, 2_000) * fraction))
    }
    #expect(worst.ulps < promise.ulps, "\(worst)")
  }

  #if arch(x86_64)
    @Test(arguments: doublePromises)
    func `double precision keeps its error bound`(_ promise: Promise) {
      var worst = WorstError()
      func check(_ x: Double) {
        guard promise.range.contains(x) else { return }
        let exact = promise.function.exact(Float80(x))
        let error = abs(Float80(promise.function.apply(x)) - exact)
        let unit = promise.function.scale(Double(exact)).ulp
        worst.add(Double(error / Float80(unit)), at: x)
      }
      let source = RandomSource(seed: 1)
      for i in 0..<1_000_000 {
        let fraction = (Double(i) + source.uniform(.evaluation, step: UInt32(i))) / 1_000_000
        check(0.25 + 4 * fraction)
        check(-4 + 8 * fraction)
        check(max(promise.range.lowerBound, -2_000) * (1 - fraction))
        check(min(promise.range.upperBound, 2_000) * fraction)
        let bits = source.words(.evaluation, copy: 1, episode: 0, step: UInt32(i), draw: 0)
        check(Double(bitPattern: UInt64(bits.0) << 32 | UInt64(bits.1)))
      }
      #expect(worst.ulps < promise.ulps, "\(worst)")
    }
  #endif

  @Test(arguments: Function.allCases)
  func `a lane's bits do not depend on how many lanes there are`(_ function: Function) {
    let source = RandomSource(seed: 2)
    for i in 0..<20_000 {
      var singles = SIMD16<Float>()
      var doubles = SIMD8<Double>()
      for lane in 0..<16 {
        let words = source.words(
          .evaluation, copy: UInt32(lane), episode: 0, step: UInt32(i), draw: 0)
        let near = (Float(words.0) * 0x1p-31 - 1) * 100
        // Half of them any pattern, infinities and NaN among them.
        singles[lane] = i % 2 == 0 ? Float(bitPattern: words.1) : near
        if lane < 8 {
          doubles[lane] =
            i % 2 == 0
            ? Double(bitPattern: UInt64(words.1) << 32 | UInt64(words.2)) : 8 * Double(near)
        }
      }
      if function == .logarithm { (singles, doubles) = (singles.absolute, doubles.absolute) }
      let (wideSingles, wideDoubles) = (function.apply(singles), function.apply(doubles))
      for lane in 0..<16 {
        let alone = function.apply(singles[lane])
        #expect(same(alone, wideSingles[lane]), "\(singles[lane]): \(alone), \(wideSingles[lane])")
      }
      for lane in 0..<8 {
        let alone = function.apply(doubles[lane])
        #expect(same(alone, wideDoubles[lane]), "\(doubles[lane]): \(alone), \(wideDoubles[lane])")
      }
    }
  }

  /// The same bits; which NaN it is does not matter.
  private func same<F: BinaryFloatingPoint & Lanes>(_ a: F, _ b: F) -> Bool {
    (a.isNaN && b.isNaN) || (a == b && a.sign == b.sign)
  }

  @Test func `exponentials saturate at the ends of the normal numbers`() {
    #expect(Float.exp(0) == 1 && Double.exp(0) == 1)
    #expect(Float.exp(88.72284) == .infinity && Double.exp(709.782713) == .infinity)
    #expect(Float.exp(88.7228).isFinite && Double.exp(709.7827).isFinite)
    #expect(Float.exp(-87.34) == 0 && Double.exp(-708.3965) == 0)
    #expect(Float.exp(-87.3365) > 0 && Double.exp(-708.3964) > 0)
    for huge in [1e4, 1e30, Double.infinity] {
      #expect(Float.exp(Float(huge)) == .infinity && Double.exp(huge) == .infinity)
      #expect(Float.exp(Float(-huge)) == 0 && Double.exp(-huge) == 0)
    }
  }

  @Test func `not a number stays so`() {
    #expect(Float.exp(.nan).isNaN && Double.exp(.nan).isNaN)
    #expect(Float.tanh(.nan).isNaN && Double.tanh(.nan).isNaN)
    #expect(Float.sinCos(turns: .nan).sin.isNaN && Double.sinCos(turns: .nan).cos.isNaN)
  }

  @Test func `exact values are met`() {
    #expect(Float.log(1) == 0 && Double.log(1) == 0)
    #expect(Float.tanh(0) == 0 && Double.tanh(0) == 0)
    for huge in [20, 100, 1e30, Double.infinity] {
      #expect(Float.tanh(Float(huge)) == 1 && Double.tanh(huge) == 1)
      #expect(Float.tanh(Float(-huge)) == -1 && Double.tanh(-huge) == -1)
    }
    let quarters: [(Double, sin: Double, cos: Double)] = [
      (0, 0, 1), (0.25, 1, 0), (0.5, 0, -1), (0.75, -1, 0), (1, 0, 1), (-0.25, -1, 0),
      (1_048_575.75, -1, 0), (-1_048_576, 0, 1),
    ]
    for (turns, sin, cos) in quarters {
      let double = Double.sinCos(turns: turns)
      #expect(double.sin == sin && double.cos == cos, "\(turns)")
      let single = Float.sinCos(turns: Float(turns))
      #expect(single.sin == Float(sin) && single.cos == Float(cos) || abs(turns) > 1e6, "\(turns)")
    }
  }
}

extension Function {
  /// The exact value, to far more digits than are tested.
  func exact<F: ExactFunctions>(_ x: F) -> F {
    switch self {
    case .exponential: F.exactExp(x)
    case .logarithm: F.exactLog(x)
    case .sine: F.exactSin(2 * F.pi * (x - x.rounded()))
    case .cosine: F.exactCos(2 * F.pi * (x - x.rounded()))
    case .tangent: F.exactTanh(x)
    }
  }
}

/// The C library's functions in a wider format.
protocol ExactFunctions: BinaryFloatingPoint {
  static func exactExp(_ x: Self) -> Self
  static func exactLog(_ x: Self) -> Self
  static func exactSin(_ x: Self) -> Self
  static func exactCos(_ x: Self) -> Self
  static func exactTanh(_ x: Self) -> Self
}

extension Double: ExactFunctions {
  static func exactExp(_ x: Double) -> Double { Foundation.exp(x) }
  static func exactLog(_ x: Double) -> Double { Foundation.log(x) }
  static func exactSin(_ x: Double) -> Double { Foundation.sin(x) }
  static func exactCos(_ x: Double) -> Double { Foundation.cos(x) }
  static func exactTanh(_ x: Double) -> Double { Foundation.tanh(x) }
}

#if arch(x86_64)
  extension Float80: ExactFunctions {
    static func exactExp(_ x: Float80) -> Float80 { Foundation.exp(x) }
    static func exactLog(_ x: Float80) -> Float80 { Foundation.log(x) }
    static func exactSin(_ x: Float80) -> Float80 { Foundation.sin(x) }
    static func exactCos(_ x: Float80) -> Float80 { Foundation.cos(x) }
    static func exactTanh(_ x: Float80) -> Float80 { Foundation.tanh(x) }
  }
#endif
