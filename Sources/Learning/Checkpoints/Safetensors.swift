public import Foundation

/// Named tensors and text in one file, in Hugging Face's safetensors format.
///
/// Eight bytes of header length (little-endian), a JSON header padded with spaces to a multiple of
/// eight, then the numbers without gaps. Equal content gives equal bytes: header keys are sorted, and
/// data is ordered by size of number, then name, so that it is aligned.
public struct Safetensors: Sendable, Equatable {
  public var tensors: [String: Tensor]
  /// The header's `__metadata__`.
  public var metadata: [String: String]

  public init(tensors: [String: Tensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// The longest header that is read: 100 MB, as in the reference implementation.
  static let maximumHeaderLength = 100_000_000
  static let metadataKey = "__metadata__"
}

/// Bytes that are not a safetensors file.
public enum SafetensorsError: Error, CustomStringConvertible, Sendable, Equatable {
  /// Fewer bytes than the header's length takes.
  case tooShort(count: Int)
  /// The header is longer than is read or than the file.
  case headerLength(UInt64, available: Int)
  /// The header is not what the format says.
  case header(String)
  /// A tensor's number type is not supported.
  case elementType(tensor: String, found: String)
  /// A tensor's shape has a negative length or more elements than can be counted.
  case shape(tensor: String, found: [Int])
  /// A tensor's data is not as long as its shape and type say.
  case dataLength(tensor: String, expected: Int, found: Int)
  /// A tensor's data does not begin where the data before it ends.
  case dataOffset(tensor: String, expected: Int, found: Int)
  /// The numbers end before or after the file does.
  case fileLength(expected: Int, found: Int)

  public var description: String {
    switch self {
    case .tooShort(let count):
      "\(count) bytes, a safetensors file has at least 8"
    case .headerLength(let length, let available):
      "the header length is \(length), valid is at most \(available)"
    case .header(let message):
      "the header is invalid: \(message)"
    case .elementType(let tensor, let found):
      "tensor \(tensor) has type \(found), valid are "
        + Tensor.ElementType.allCases.map(\.rawValue).joined(separator: ", ")
    case .shape(let tensor, let found):
      "tensor \(tensor) has shape \(found)"
    case .dataLength(let tensor, let expected, let found):
      "tensor \(tensor) has \(found) bytes, its shape and type take \(expected)"
    case .dataOffset(let tensor, let expected, let found):
      "tensor \(tensor) begins at byte \(found) of the data, valid is \(expected)"
    case .fileLength(let expected, let found):
      "\(found) bytes of data, the header describes \(expected)"
    }
  }
}

// MARK: - Writing

extension Safetensors {
  /// The bytes of the file.
  public func encoded() -> [UInt8] {
    let order = tensors.sorted {
      ($1.value.type.size, $0.key) < ($0.value.type.size, $1.key)
    }
    var entries = [String: HeaderEntry]()
    if !metadata.isEmpty { entries[Self.metadataKey] = .metadata(metadata) }
    var offset = 0
    for (name, tensor) in order {
      precondition(name != Self.metadataKey, "a tensor cannot be named \(name)")
      entries[name] = .tensor(
        type: tensor.type.rawValue, shape: tensor.shape,
        offsets: [offset, offset + tensor.bytes.count])
      offset += tensor.bytes.count
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var header = try? encoder.encode(entries) else {
      preconditionFailure("strings and whole numbers always encode")
    }
    header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: -header.count & 7))
    var bytes = [UInt8]()
    bytes.reserveCapacity(8 + header.count + offset)
    for shift in stride(from: 0, to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: header.count >> shift))
    }
    bytes.append(contentsOf: header)
    for (_, tensor) in order { bytes.append(contentsOf: tensor.bytes) }
    return bytes
  }

  /// Writes the file: whole, or not at all.
  public func write(to file: URL) throws {
    try Data(encoded()).write(to: file, options: .atomic)
  }
}

// MARK: - Reading

extension Safetensors {
  /// Reads a file's bytes.
  public init(decoding bytes: [UInt8]) throws(SafetensorsError) {
    guard bytes.count >= 8 else { throw .tooShort(count: bytes.count) }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
    let available = min(bytes.count - 8, Self.maximumHeaderLength)
    guard length <= UInt64(available) else { throw .headerLength(length, available: available) }
    let start = 8 + Int(length)
    let entries = try Self.entries(Data(bytes[8..<start]))
    tensors = [:]
    metadata = [:]
    // Tensors in the order of their data must follow each other without gap or overlap.
    var end = 0
    for (name, entry) in entries.sorted(by: { ($0.value.begin, $0.key) < ($1.value.begin, $1.key) })
    {
      switch entry {
      case .metadata(let strings): metadata = strings
      case .tensor(let typeName, let shape, let offsets):
        guard let type = Tensor.ElementType(rawValue: typeName) else {
          throw .elementType(tensor: name, found: typeName)
        }
        let size = try Self.byteCount(name, shape, type)
        guard offsets[0] == end else {
          throw .dataOffset(tensor: name, expected: end, found: offsets[0])
        }
        guard offsets[1] >= end, offsets[1] - end == size else {
          throw .dataLength(
            tensor: name, expected: size, found: offsets[1].subtractingReportingOverflow(end).0)
        }
        end = offsets[1]
        guard end <= bytes.count - start else {
          throw .fileLength(expected: end, found: bytes.count - start)
        }
        tensors[name] = Tensor(
          type: type, shape: shape, bytes: Array(bytes[start + end - size..<start + end]))
      }
    }
    guard end == bytes.count - start else {
      throw .fileLength(expected: end, found: bytes.count - start)
    }
  }

  /// Reads a file.
  public init(contentsOf file: URL) throws {
    try self.init(decoding: Array(Data(contentsOf: file)))
  }

  private static func entries(_ header: Data) throws(SafetensorsError) -> [String: HeaderEntry] {
    guard header.first == UInt8(ascii: "{") else { throw .header("it does not begin with {") }
    do {
      return try JSONDecoder().decode([String: HeaderEntry].self, from: header)
    } catch let DecodingError.dataCorrupted(context) {
      throw .header(context.debugDescription)
    } catch let error as DecodingError {
      throw .header("an entry is neither a tensor nor metadata: \(error.place)")
    } catch {
      throw .header("\(error)")
    }
  }

  private static func byteCount(
    _ name: String, _ shape: [Int], _ type: Tensor.ElementType
  ) throws(SafetensorsError) -> Int {
    var size = type.size
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { throw .shape(tensor: name, found: shape) }
      size = product
    }
    return size
  }
}

/// One key of the header.
private enum HeaderEntry: Codable {
  case metadata([String: String])
  case tensor(type: String, shape: [Int], offsets: [Int])

  enum CodingKeys: String, CodingKey, CaseIterable {
    case dtype, shape
    case offsets = "data_offsets"
  }

  /// First byte of the data; metadata has none and comes first.
  var begin: Int {
    switch self {
    case .metadata: Int.min
    case .tensor(_, _, let offsets): offsets[0]
    }
  }

  init(from decoder: any Decoder) throws {
    let isMetadata = decoder.codingPath.map(\.stringValue) == [Safetensors.metadataKey]
    if isMetadata {
      self = .metadata(try decoder.singleValueContainer().decode([String: String].self))
      return
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let offsets = try container.decode([Int].self, forKey: .offsets)
    guard offsets.count == 2 else {
      throw DecodingError.dataCorruptedError(
        forKey: .offsets, in: container,
        debugDescription: "data_offsets has \(offsets.count) numbers, valid is 2")
    }
    self = .tensor(
      type: try container.decode(String.self, forKey: .dtype),
      shape: try container.decode([Int].self, forKey: .shape), offsets: offsets)
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .metadata(let strings):
      var container = encoder.singleValueContainer()
      try container.encode(strings)
    case .tensor(let type, let shape, let offsets):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(type, forKey: .dtype)
      try container.encode(shape, forKey: .shape)
      try container.encode(offsets, forKey: .offsets)
    }
  }
}

extension DecodingError {
  /// Where decoding failed and why.
  var place: String {
    switch self {
    case .keyNotFound(let key, let context): Self.describe(context, "no \(key.stringValue)")
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      Self.describe(context, context.debugDescription)
    @unknown default: "\(self)"
    }
  }

  private static func describe(_ context: Context, _ message: String) -> String {
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    return path.isEmpty ? message : "\(path): \(message)"
  }
}
