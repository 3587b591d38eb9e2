public import Foundation

extension EventFile {
  /// A value of a curve.
  public struct Point: Sendable, Hashable {
    public var step: Int
    public var value: Float
  }

  /// The curves in the event files of a folder, by name, in the order of their steps.
  ///
  /// What a continued run has forgotten is left out, as TensorBoard does; a torn last record is skipped.
  public static func curves(in folder: URL) throws -> [String: [Point]] {
    var curves: [String: [Point]] = [:]
    for name in try names(in: folder) {
      let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
      var place = 0
      while let record = record(in: bytes, at: &place) { add(record, to: &curves) }
    }
    return curves
  }

  /// The data of the next record; `nil` at the end, or where it is torn or damaged.
  private static func record(in bytes: [UInt8], at place: inout Int) -> [UInt8]? {
    guard place + 12 <= bytes.count else { return nil }
    let head = Array(bytes[place..<place + 8])
    let length = integer(head)
    guard UInt32(integer(bytes[place + 8..<place + 12])) == maskedCRC(head),
      length <= UInt64(bytes.count - place), place + 16 + Int(length) <= bytes.count
    else { return nil }
    let start = place + 12
    let data = Array(bytes[start..<start + Int(length)])
    let end = start + Int(length)
    guard UInt32(integer(bytes[end..<end + 4])) == maskedCRC(data) else { return nil }
    place = end + 4
    return data
  }

  /// Takes in an `Event`: 2 is its step, 5 a summary, 7 a session's start.
  private static func add(_ event: [UInt8], to curves: inout [String: [Point]]) {
    let fields = fields(event)
    let step = fields.first { $0.number == 2 }.map { Int(truncatingIfNeeded: $0.integer) } ?? 0
    if fields.contains(where: { $0.number == 7 }) {
      for name in curves.keys { curves[name]?.removeAll { $0.step >= step } }
    }
    for summary in fields where summary.number == 5 {
      for value in self.fields(summary.content) where value.number == 1 {
        let parts = self.fields(value.content)
        guard let tag = parts.first(where: { $0.number == 1 }),
          let number = parts.first(where: { $0.number == 2 })
        else { continue }
        let bits = UInt32(truncatingIfNeeded: integer(number.content))
        curves[String(decoding: tag.content, as: UTF8.self), default: []].append(
          Point(step: step, value: Float(bitPattern: bits)))
      }
    }
  }

  /// A field of a message in protobuf's wire format.
  private struct Field {
    var number: Int
    /// Where it is a varint.
    var integer: UInt64 = 0
    /// All else.
    var content: [UInt8] = []
  }

  /// The fields of a message, as far as it is whole.
  private static func fields(_ bytes: [UInt8]) -> [Field] {
    var fields: [Field] = []
    var place = 0
    while let key = varint(bytes, &place) {
      var field = Field(number: Int(truncatingIfNeeded: key >> 3))
      let length: Int?
      switch key & 7 {
      case 0:
        field.integer = varint(bytes, &place) ?? 0
        length = 0
      case 1: length = 8
      case 2: length = varint(bytes, &place).flatMap { Int(exactly: $0) }
      case 5: length = 4
      default: length = nil
      }
      guard let length, length <= bytes.count - place else { break }
      field.content = Array(bytes[place..<place + length])
      place += length
      fields.append(field)
    }
    return fields
  }

  private static func varint(_ bytes: [UInt8], _ place: inout Int) -> UInt64? {
    var (value, shift): (UInt64, UInt64) = (0, 0)
    while place < bytes.count, shift < 64 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    return nil
  }

  /// Little-endian.
  private static func integer(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
