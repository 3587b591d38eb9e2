import Algebra

/// Sixteen neighbours in memory as one bundle of lanes.
typealias Lanes16 = SIMD16<Float>

extension SIMD16<UInt32> {
  /// The numbers of the lanes, 0 to 15.
  static var counting: Self { Self(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }
}

extension UnsafePointer<Float> {
  /// Elements `index` ..< `index + 16`.
  @inline(__always) func lanes(_ index: Int) -> Lanes16 {
    unsafe UnsafeRawPointer(self + index).loadUnaligned(as: Lanes16.self)
  }
}

extension UnsafeMutablePointer<Float> {
  /// Elements `index` ..< `index + 16`.
  @inline(__always) func lanes(_ index: Int) -> Lanes16 {
    unsafe UnsafeRawPointer(self + index).loadUnaligned(as: Lanes16.self)
  }

  /// Replaces the elements `index` ..< `index + 16`.
  @inline(__always) func store(_ value: Lanes16, _ index: Int) {
    unsafe UnsafeMutableRawPointer(self + index).storeBytes(of: value, as: Lanes16.self)
  }
}

/// Calls `body` with the address of an array's elements, which must not be empty.
@inline(__always) func withMemory<R>(
  _ array: inout [Float], _ body: (UnsafeMutablePointer<Float>) -> R
) -> R {
  unsafe array.withUnsafeMutableBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("no elements") }
    return unsafe body(base)
  }
}

/// Calls `body` with the address of an array's elements, which must not be empty.
@inline(__always) func withMemory<R>(_ array: [Float], _ body: (UnsafePointer<Float>) -> R) -> R {
  unsafe array.withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("no elements") }
    return unsafe body(base)
  }
}

extension [Float] {
  /// Becomes the transpose of a matrix of `rows` by `columns`.
  mutating func setTranspose(of other: [Float], rows: Int, columns: Int) {
    precondition(
      count == rows * columns && other.count == count, "cannot transpose \(other.count) elements")
    unsafe withMemory(&self) { to in
      unsafe withMemory(other) { from in
        for j in 0..<columns {
          for i in 0..<rows { unsafe to[j * rows + i] = from[i * columns + j] }
        }
      }
    }
  }
}
