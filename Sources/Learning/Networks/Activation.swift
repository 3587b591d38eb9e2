import Algebra
import CVector

/// The nonlinearity of the hidden layers.
public enum Activation: String, Sendable, Hashable, CaseIterable, Codable {
  /// The hyperbolic tangent.
  case tanh
  /// max(x, 0).
  case relu
}

/// An activation over lanes, and its slope as a function of its *value*.
protocol ActivationFunction {
  static func value<L: Lanes>(_ x: L) -> L where L.Scalar == Float
  static func slope<L: Lanes>(atValue y: L) -> L where L.Scalar == Float
  /// The value in training, where its last bits may depend on the processor.
  static func trainingValue(_ x: Lanes16) -> Lanes16
  /// Makes every row z of a matrix f(z + bias) with the processor's widest vectors, where that is
  /// worth code of its own; returns false, and then nothing has changed, elsewhere.
  static func finish(_ matrix: inout Matrix, bias: [Float]) -> Bool
}

extension ActivationFunction {
  @inline(__always) static func trainingValue(_ x: Lanes16) -> Lanes16 { value(x) }
  @inline(__always) static func finish(_ matrix: inout Matrix, bias: [Float]) -> Bool { false }
}

/// tanh as the odd rational function of Eigen and XLA, relative error below 7 ulp (4·10⁻⁷).
///
/// `Lanes.tanh` is closer and takes twice as long, and learning spends half its time here.
enum HyperbolicTangent: ActivationFunction {
  @inline(__always) static func value<L: Lanes>(_ x: L) -> L where L.Scalar == Float {
    // Beyond the bound tanh rounds to ±1. The order of arguments lets NaN pass.
    let bound = L(repeating: 7.905311)
    let y = L.larger(L(repeating: -7.905311), L.smaller(bound, x))
    let t = y * y
    var p = L(repeating: -2.76076847742355e-16) * t + L(repeating: 2.00018790482477e-13)
    p = p * t + L(repeating: -8.60467152213735e-11)
    p = p * t + L(repeating: 5.12229709037114e-08)
    p = p * t + L(repeating: 1.48572235717979e-05)
    p = p * t + L(repeating: 6.37261928875436e-04)
    p = p * t + L(repeating: 4.89352455891786e-03)
    var q = L(repeating: 1.19825839466702e-06) * t + L(repeating: 1.18534705686654e-04)
    q = q * t + L(repeating: 2.26843463243900e-03)
    q = q * t + L(repeating: 4.89352518554385e-03)
    return y * p / q
  }

  @inline(__always) static func trainingValue(_ x: Lanes16) -> Lanes16 {
    let bound = Lanes16(repeating: 7.905311)
    let y = Lanes16.larger(Lanes16(repeating: -7.905311), Lanes16.smaller(bound, x))
    let t = y * y
    var p = Lanes16(repeating: -2.76076847742355e-16)
    for coefficient: Float in [
      2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05,
      6.37261928875436e-04, 4.89352455891786e-03,
    ] { p = p.fused(times: t, plus: Lanes16(repeating: coefficient)) }
    var q = Lanes16(repeating: 1.19825839466702e-06)
    for coefficient: Float in [1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03] {
      q = q.fused(times: t, plus: Lanes16(repeating: coefficient))
    }
    return y * p / q
  }

  /// `vector_tanh_rows` is `trainingValue` over again, because Swift has no way of making one function
  /// of a build use what the others must not.
  static func finish(_ matrix: inout Matrix, bias: [Float]) -> Bool {
    let (rows, columns) = (matrix.rows, matrix.columns)
    guard hasWideVectors, columns % 16 == 0, rows > 0 else { return false }
    unsafe withMemory(&matrix.elements) { z in
      unsafe withMemory(bias) { b in unsafe vector_tanh_rows(z, b, rows, columns) }
    }
    return true
  }

  private static let hasWideVectors = vector_has_512_bits() != 0

  @inline(__always) static func slope<L: Lanes>(atValue y: L) -> L where L.Scalar == Float {
    L(repeating: 1) - y * y
  }
}

enum Rectifier: ActivationFunction {
  @inline(__always) static func value<L: Lanes>(_ x: L) -> L where L.Scalar == Float {
    L.larger(L(repeating: 0), x)
  }

  @inline(__always) static func slope<L: Lanes>(atValue y: L) -> L where L.Scalar == Float {
    L(repeating: 0).replacing(with: L(repeating: 1), where: L(repeating: 0) .< y)
  }
}

/// The output layer's: none.
enum Identity: ActivationFunction {
  @inline(__always) static func value<L: Lanes>(_ x: L) -> L where L.Scalar == Float { x }
  @inline(__always) static func slope<L: Lanes>(atValue y: L) -> L where L.Scalar == Float {
    L(repeating: 1)
  }
}
