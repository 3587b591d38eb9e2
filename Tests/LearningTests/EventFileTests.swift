import Foundation
import Learning
import Testing

@Suite struct EventFileTests {
  @Test func `the checksum is that of RFC 3720`() {
    #expect(crc32C(Array("123456789".utf8)) == 0xe306_9283)
    #expect(crc32C([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(crc32C([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(crc32C((0..<32).map { UInt8($0) }) == 0x46dd_794e)
    for count in 0..<40 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
      #expect(crc32C(bytes) == EventReader.checksum(bytes))
    }
  }

  @Test func `what is written is read back: framing, checksums, steps, times and values`() throws {
    let folder = try TemporaryFolder()
    let file = try EventFile(
      in: folder.url, restartingAt: 1, at: Date(timeIntervalSince1970: 1_700_000_000.25))
    let time = Date(timeIntervalSince1970: 1_700_000_001.5)
    let curves: [(Int, [(String, Double)])] = [
      (1, [("rollout/mean_reward", -0.25)]),
      (300, [("train/loss", 1e-30), ("eval/ä", -3.5e20), ("time/steps_per_second", 0)]),
      (1 << 40, [("x", .infinity)]),
    ]
    for (step, values) in curves {
      try file.add(values.map { EventFile.Scalar($0.0, $0.1) }, step: step, at: time)
    }
    let events = try EventReader.events(file.url)
    #expect(events.map(\.step) == [0, 1, 300, 1 << 40])
    #expect(events.map(\.time) == [1_700_000_000.25] + Array(repeating: 1_700_000_001.5, count: 3))
    #expect(events[0].version == "brain.Event:2")
    for (event, (_, values)) in zip(events.dropFirst(), curves) {
      #expect(event.scalars.map(\.tag) == values.map(\.0))
      #expect(event.scalars.map(\.value) == values.map { Float($0.1) })
    }
  }

  @Test func `a run that continues begins a file of its own that forgets what it repeats`() throws {
    let folder = try TemporaryFolder()
    let time = Date(timeIntervalSince1970: 0)
    let first = try EventFile(in: folder.url, restartingAt: 1, at: time)
    try first.add([.init("a", 1)], step: 5, at: time)
    let torn = try Data(contentsOf: first.url).dropLast(3)
    try torn.write(to: first.url)
    let second = try EventFile(in: folder.url, restartingAt: 4, at: time)
    try second.add([.init("a", 2)], step: 5, at: time)
    #expect(first.url.lastPathComponent == "events.out.tfevents.000001")
    #expect(
      try EventFile.names(in: folder.url)
        == [first.url.lastPathComponent, second.url.lastPathComponent])
    #expect(try Data(contentsOf: first.url) == torn)
    #expect(throws: EventReader.Fault.self) { try EventReader.events(first.url) }
    let events = try EventReader.events(second.url)
    #expect(events.map(\.isRestart) == [false, true, false])
    #expect(events.map(\.step) == [0, 4, 5])
  }

  @Test func `a changed byte is found by the reader`() throws {
    let folder = try TemporaryFolder()
    let file = try EventFile(in: folder.url, restartingAt: 1, at: Date())
    try file.add([.init("a", 1)], step: 5, at: Date())
    let whole = try Data(contentsOf: file.url)
    for place in stride(from: 0, to: whole.count, by: 7) {
      var data = whole
      data[place] ^= 4
      try data.write(to: file.url)
      #expect(throws: EventReader.Fault.self) { try EventReader.events(file.url) }
    }
  }

  @Test func `says where it cannot write`() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "file")
    try Data().write(to: file)
    let error = #expect(throws: FolderWritingError.self) {
      _ = try EventFile(in: file.appending(path: "log"), restartingAt: 1, at: Date())
    }
    #expect(error?.reason == "Not a directory")
  }
}

/// A folder that is removed with its owner.
private final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }
}

/// Reads event files bit by bit, as their format is written down, and trusts nothing.
private struct EventReader {
  struct Fault: Error { var place: Int }

  struct Event {
    var time = 0.0
    var step = 0
    var version = ""
    var scalars: [(tag: String, value: Float)] = []
    var isRestart = false
  }

  static func events(_ url: URL) throws -> [Event] {
    let bytes = Array(try Data(contentsOf: url))
    var (events, place) = ([Event](), 0)
    while place < bytes.count {
      guard place + 12 <= bytes.count else { throw Fault(place: place) }
      let length = number(bytes[place..<place + 8])
      try check(bytes[place..<place + 8], bytes[(place + 8)..<place + 12], place)
      let end = place + 12 + Int(length)
      guard end + 4 <= bytes.count else { throw Fault(place: place) }
      try check(bytes[(place + 12)..<end], bytes[end..<end + 4], place)
      events.append(try event(Array(bytes[(place + 12)..<end])))
      place = end + 4
    }
    return events
  }

  private static func check(
    _ data: ArraySlice<UInt8>, _ stored: ArraySlice<UInt8>, _ place: Int
  ) throws {
    let crc = UInt64(checksum(Array(data)))
    let masked = ((crc >> 15 | crc << 17) & 0xffff_ffff) + 0xa282_ead8
    guard masked & 0xffff_ffff == number(stored) else { throw Fault(place: place) }
  }

  private static func event(_ bytes: [UInt8]) throws -> Event {
    var event = Event()
    for (field, value) in try fields(bytes) {
      switch field {
      case 1: event.time = Double(bitPattern: number(value[...]))
      case 2: event.step = Int(number(value[...]))
      case 3: event.version = String(decoding: value, as: UTF8.self)
      case 5:
        for (_, entry) in try fields(value) {
          let parts = Dictionary(uniqueKeysWithValues: try fields(entry))
          event.scalars.append(
            (
              String(decoding: parts[1] ?? [], as: UTF8.self),
              Float(bitPattern: UInt32(number((parts[2] ?? [])[...])))
            ))
        }
      case 7: event.isRestart = try fields(value).map { $0.0 } == [1]
      default: throw Fault(place: field)
      }
    }
    return event
  }

  /// The fields of a message; a varint is given as eight bytes.
  private static func fields(_ bytes: [UInt8]) throws -> [(Int, [UInt8])] {
    var (result, place) = ([(Int, [UInt8])](), 0)
    func varint() throws -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while true {
        guard place < bytes.count, shift < 64 else { throw Fault(place: place) }
        value |= UInt64(bytes[place] & 0x7f) << shift
        place += 1
        shift += 7
        if bytes[place - 1] < 0x80 { return value }
      }
    }
    while place < bytes.count {
      let key = try varint()
      var content: [UInt8] = []
      if key & 7 == 0 {
        let value = try varint()
        content = (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
      } else {
        let size = try key & 7 == 1 ? 8 : key & 7 == 5 ? 4 : Int(varint())
        guard place + size <= bytes.count else { throw Fault(place: place) }
        content = Array(bytes[place..<place + size])
        place += size
      }
      result.append((Int(key >> 3), content))
    }
    return result
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// CRC-32C bit by bit, the highest power first: the twin of the table.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var remainder: UInt32 = 0xffff_ffff
    for byte in bytes {
      for bit in 0..<8 {
        let input = UInt32(byte >> bit & 1)
        let high = remainder >> 31
        remainder = remainder << 1 ^ (high ^ input == 1 ? 0x1edc_6f41 : 0)
      }
    }
    return ~(0..<32).reduce(UInt32(0)) { $0 | (remainder >> $1 & 1) << (31 - $1) }
  }
}

@Suite struct EventFileReadingTests {
  @Test func `curves are read as an independent reader reads them`() throws {
    let folder = try TemporaryFolder()
    let time = Date(timeIntervalSince1970: 1_700_000_000.25)
    let file = try EventFile(in: folder.url, restartingAt: 1, at: time)
    for step in [1, 127, 128, 300, 1 << 40] {
      try file.add(
        [.init("eval/ä", Double(step) / 3), .init("b", -Double(step))], step: step, at: time)
    }
    let curves = try EventFile.curves(in: folder.url)
    let events = try EventReader.events(file.url).filter { !$0.scalars.isEmpty }
    #expect(Set(curves.keys) == ["eval/ä", "b"])
    for (tag, points) in curves {
      #expect(points.map(\.step) == events.map(\.step))
      #expect(
        points.map(\.value)
          == events.map { event in event.scalars.first { $0.tag == tag }?.value ?? .nan })
    }
  }

  @Test func `what a continued run repeats is forgotten, and a torn record skipped`() throws {
    let folder = try TemporaryFolder()
    let time = Date(timeIntervalSince1970: 0)
    let first = try EventFile(in: folder.url, restartingAt: 1, at: time)
    for step in 1...6 { try first.add([.init("a", Double(step))], step: step, at: time) }
    try Data(contentsOf: first.url).dropLast(3).write(to: first.url)
    let second = try EventFile(in: folder.url, restartingAt: 4, at: time)
    for step in 4...5 { try second.add([.init("a", -Double(step))], step: step, at: time) }
    let points = try #require(try EventFile.curves(in: folder.url)["a"])
    #expect(points.map(\.step) == [1, 2, 3, 4, 5])
    #expect(points.map(\.value) == [1, 2, 3, -4, -5])
  }

  @Test func `damage ends a file, whatever byte it hits`() throws {
    let folder = try TemporaryFolder()
    let time = Date(timeIntervalSince1970: 0)
    let file = try EventFile(in: folder.url, restartingAt: 1, at: time)
    for step in 1...3 { try file.add([.init("a", 1)], step: step, at: time) }
    let whole = try Data(contentsOf: file.url)
    for place in whole.indices {
      var damaged = whole
      damaged[place] ^= 0x55
      try damaged.write(to: file.url)
      let points = try EventFile.curves(in: folder.url)["a"] ?? []
      #expect(points.count < 3)
      #expect(points.map(\.step) == Array((1...3).prefix(points.count)))
    }
  }
}
