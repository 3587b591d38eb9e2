public import Foundation

/// A TensorBoard event file that is appended to.
///
/// The format is that of TFRecord: length as UInt64, its masked CRC-32C, data, its masked CRC-32C, all
/// little-endian; the data is a message `Event` of tensorflow/core/util/event.proto. Every addition is
/// one write, so a program that is killed leaves whole records, or a torn last one that readers skip.
public struct EventFile: Sendable {
  /// A curve and its value.
  public struct Scalar: Sendable, Hashable {
    /// The curve's name; what stands before a slash is its group.
    public var tag: String
    public var value: Float
    public init(_ tag: String, _ value: Double) {
      self.tag = tag
      self.value = Float(value)
    }
  }

  /// Where it is.
  public let url: URL
  private let handle: FileHandle

  /// Begins a new file in a folder, numbered after those that are there: TensorBoard reads the files
  /// of a run in the order of their names.
  ///
  /// - Parameters:
  ///   - step: what earlier files say of this step and later ones is to be forgotten, since a run
  ///     continues from before it.
  public init(in folder: URL, restartingAt step: Int, at time: Date) throws(FolderWritingError) {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let earlier = try Self.names(in: folder)
      let number = "\((earlier.last.flatMap { Int($0.suffix(6)) } ?? 0) + 1_000_001)".dropFirst()
      url = folder.appending(path: Self.prefix + number)
      try Data().write(to: url, options: .withoutOverwriting)
      handle = try FileHandle(forWritingTo: url)
      var version = Message(time: time)
      version.add(3, text: "brain.Event:2")
      var records = Self.record(version)
      if !earlier.isEmpty {
        var restart = Message(time: time, step: step)
        var session = Message()
        session.add(1, integer: 1)
        restart.add(7, message: session)
        records += Self.record(restart)
      }
      try handle.write(contentsOf: records)
    } catch {
      throw FolderWritingError(path: folder.path, error)
    }
  }

  /// The event files of a folder, oldest first.
  public static func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasPrefix(prefix) }.sorted()
  }

  /// Adds the values of curves at a step.
  public func add(
    _ scalars: [Scalar], step: Int, at time: Date
  ) throws(FolderWritingError) {
    var summary = Message()
    for scalar in scalars {
      var value = Message()
      value.add(1, text: scalar.tag)
      value.add(2, scalar.value)
      summary.add(1, message: value)
    }
    var event = Message(time: time, step: step)
    event.add(5, message: summary)
    do { try handle.write(contentsOf: Self.record(event)) } catch {
      throw FolderWritingError(path: url.path, error)
    }
  }

  private static let prefix = "events.out.tfevents."

  private static func record(_ message: Message) -> Data {
    let length = littleEndian(UInt64(message.bytes.count))
    return Data(
      length + littleEndian(maskedCRC(length)) + message.bytes
        + littleEndian(maskedCRC(message.bytes)))
  }

  /// ((crc ≫ 15) | (crc ≪ 17)) + 0xa282ead8: a CRC of data that holds CRCs is weak.
  package static func maskedCRC(_ bytes: [UInt8]) -> UInt32 {
    let crc = crc32C(bytes)
    return (crc >> 15 | crc << 17) &+ 0xa282_ead8
  }
}

/// A protobuf message in its wire format, as far as events need it.
private struct Message {
  private(set) var bytes: [UInt8] = []

  init() {}

  /// The head of an `Event`: wall time, step.
  init(time: Date, step: Int = 0) {
    add(1, kind: 1, littleEndian(time.timeIntervalSince1970.bitPattern))
    if step != 0 { add(2, integer: step) }
  }

  mutating func add(_ field: Int, integer: Int) {
    add(field, kind: 0, Self.varint(UInt64(bitPattern: Int64(integer))))
  }
  mutating func add(_ field: Int, _ value: Float) {
    add(field, kind: 5, littleEndian(value.bitPattern))
  }
  mutating func add(_ field: Int, text: String) { add(field, content: Array(text.utf8)) }
  mutating func add(_ field: Int, message: Message) { add(field, content: message.bytes) }

  private mutating func add(_ field: Int, content: [UInt8]) {
    add(field, kind: 2, Self.varint(UInt64(content.count)) + content)
  }
  private mutating func add(_ field: Int, kind: Int, _ content: [UInt8]) {
    bytes += Self.varint(UInt64(field << 3 | kind)) + content
  }

  /// Seven bits a byte, lowest first; the eighth says that more follow.
  private static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, result) = (value, [UInt8]())
    while rest >= 0x80 {
      result.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return result + [UInt8(rest)]
  }
}

private func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T($0 * 8)) }
}

/// The checksum of Castagnoli (1993), polynomial 0x1EDC6F41 with its bits reversed.
package func crc32C(_ bytes: [UInt8]) -> UInt32 {
  var crc = ~UInt32(0)
  for byte in bytes { crc = crcTable[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
  return ~crc
}

/// The remainders of all bytes.
private let crcTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0x82f6_3b78 : rest >> 1 }
}
