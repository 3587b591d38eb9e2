/// An array of numbers with a shape, as bytes.
public struct Tensor: Sendable, Equatable {
  /// The number types that are read and written; the names are those of the safetensors format.
  public enum ElementType: String, Sendable, Hashable, CaseIterable, Codable {
    case f32 = "F32"
    case f64 = "F64"
    case i32 = "I32"
    case i64 = "I64"
    case u8 = "U8"
    case u32 = "U32"
    case u64 = "U64"

    /// Bytes of one number.
    public var size: Int {
      switch self {
      case .u8: 1
      case .f32, .i32, .u32: 4
      case .f64, .i64, .u64: 8
      }
    }
  }

  /// The type of the numbers.
  public let type: ElementType
  /// Lengths of the dimensions, slowest first; empty for a single number.
  public let shape: [Int]
  /// The numbers, little-endian, row after row.
  public let bytes: [UInt8]

  /// A tensor of numbers; without a shape it is one-dimensional.
  public init<T: TensorElement>(_ values: [T], shape: [Int]? = nil) {
    let shape = shape ?? [values.count]
    precondition(
      shape.reduce(1, *) == values.count, "\(values.count) numbers do not fill shape \(shape)")
    type = T.tensorType
    self.shape = shape
    bytes = unsafe values.withUnsafeBytes { unsafe Array($0) }
  }

  init(type: ElementType, shape: [Int], bytes: [UInt8]) {
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  /// The numbers, or nil where they are of another type.
  public func values<T: TensorElement>(as type: T.Type = T.self) -> [T]? {
    guard self.type == T.tensorType else { return nil }
    let size = MemoryLayout<T>.size
    return unsafe bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / size).map {
        unsafe bytes.loadUnaligned(fromByteOffset: $0 * size, as: T.self)
      }
    }
  }
}

extension Tensor {
  /// Whether every number is finite; integers are.
  var isFinite: Bool {
    switch type {
    case .f32: values(as: Float.self)?.allSatisfy(\.isFinite) ?? true
    case .f64: values(as: Double.self)?.allSatisfy(\.isFinite) ?? true
    case .i32, .i64, .u8, .u32, .u64: true
    }
  }
}

/// A Swift type of numbers in tensors. Bytes are taken from memory: the machine must be little-endian,
/// as all that Swift is shipped for are.
public protocol TensorElement: BitwiseCopyable, Sendable {
  static var tensorType: Tensor.ElementType { get }
}

extension Float: TensorElement { public static var tensorType: Tensor.ElementType { .f32 } }
extension Double: TensorElement { public static var tensorType: Tensor.ElementType { .f64 } }
extension Int32: TensorElement { public static var tensorType: Tensor.ElementType { .i32 } }
extension Int64: TensorElement { public static var tensorType: Tensor.ElementType { .i64 } }
extension UInt8: TensorElement { public static var tensorType: Tensor.ElementType { .u8 } }
extension UInt32: TensorElement { public static var tensorType: Tensor.ElementType { .u32 } }
extension UInt64: TensorElement { public static var tensorType: Tensor.ElementType { .u64 } }
