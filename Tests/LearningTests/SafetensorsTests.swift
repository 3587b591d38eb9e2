import Foundation
import Learning
import Testing

/// A file that must be refused, and why.
struct Malformed: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let message: String

  init(_ name: String, header: String, data: Int, _ message: String) {
    testDescription = name
    bytes = Self.file(header, data: data)
    self.message = message
  }

  init(_ name: String, bytes: [UInt8], _ message: String) {
    testDescription = name
    self.bytes = bytes
    self.message = message
  }

  static func file(_ header: String, data: Int) -> [UInt8] {
    let count = header.utf8.count
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(header.utf8)
      + Array(repeating: 0, count: data)
  }
}

private func entry(_ type: String, _ shape: String, _ offsets: String) -> String {
  "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
}

private let malformed = [
  Malformed(
    "seven bytes", bytes: Array(repeating: 0, count: 7),
    "7 bytes, a safetensors file has at least 8"),
  Malformed(
    "a header longer than the file", bytes: [9, 0, 0, 0, 0, 0, 0, 0, 123, 125],
    "the header length is 9, valid is at most 2"),
  Malformed(
    "a header of 2⁶⁴ − 1 bytes", bytes: Array(repeating: 255, count: 8) + [123, 125],
    "the header length is 18446744073709551615, valid is at most 2"),
  Malformed("an array", header: "[]", data: 0, "the header is invalid: it does not begin with {"),
  Malformed(
    "a number for a tensor", header: "{\"a\":1}", data: 0, "the header is invalid:"),
  Malformed(
    "no shape", header: "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", data: 4,
    "the header is invalid: an entry is neither a tensor nor metadata: a: no shape"),
  Malformed(
    "three offsets", header: "{\"a\":\(entry("F32", "[1]", "[0,4,8]"))}", data: 4,
    "the header is invalid: data_offsets has 3 numbers, valid is 2"),
  Malformed(
    "half precision", header: "{\"a\":\(entry("F16", "[2]", "[0,4]"))}", data: 4,
    "tensor a has type F16, valid are F32, F64, I32, I64, U8, U32, U64"),
  Malformed(
    "a negative length", header: "{\"a\":\(entry("F32", "[-1]", "[0,4]"))}", data: 4,
    "tensor a has shape [-1]"),
  Malformed(
    "more elements than can be counted",
    header: "{\"a\":\(entry("F32", "[4294967296,4294967296]", "[0,4]"))}", data: 4,
    "tensor a has shape [4294967296, 4294967296]"),
  Malformed(
    "less data than its shape", header: "{\"a\":\(entry("F32", "[2]", "[0,4]"))}", data: 4,
    "tensor a has 4 bytes, its shape and type take 8"),
  Malformed(
    "an overlap",
    header: "{\"a\":\(entry("F32", "[2]", "[0,8]")),\"b\":\(entry("F32", "[1]", "[4,8]"))}",
    data: 8, "tensor b begins at byte 4 of the data, valid is 8"),
  Malformed(
    "a gap", header: "{\"a\":\(entry("F32", "[1]", "[4,8]"))}", data: 8,
    "tensor a begins at byte 4 of the data, valid is 0"),
  Malformed(
    "data missing", header: "{\"a\":\(entry("F32", "[2]", "[0,8]"))}", data: 4,
    "4 bytes of data, the header describes 8"),
  Malformed(
    "data left over", header: "{\"a\":\(entry("F32", "[1]", "[0,4]"))}", data: 5,
    "5 bytes of data, the header describes 4"),
  Malformed(
    "a number in the metadata", header: "{\"__metadata__\":{\"a\":1}}", data: 0,
    "the header is invalid: an entry is neither a tensor nor metadata: __metadata__.a:"),
]

@Suite struct SafetensorsTests {
  @Test func `what is written is read`() throws {
    let file = Safetensors(
      tensors: [
        "f32": Tensor([Float.nan, -0, .infinity, .leastNonzeroMagnitude, 3, 4], shape: [2, 3]),
        "f64": Tensor([0.1, -.greatestFiniteMagnitude]),
        "i32": Tensor([Int32.min, .max]), "i64": Tensor([Int64.min, .max]),
        "u8": Tensor([UInt8(1), 2, 3]), "u32": Tensor([UInt32.max]),
        "u64": Tensor([UInt64.max], shape: []), "empty": Tensor([Float](), shape: [0, 3]),
        "ein \"Name\"/ü": Tensor([UInt8(7)]),
      ], metadata: ["kind": "test", "text": "line\nfeed, ß and \"quotes\""])
    let read = try Safetensors(decoding: file.encoded())
    #expect(read == file)
    #expect(read.tensors["i64"]?.values(as: Int64.self) == [.min, .max])
    #expect(read.tensors["f32"]?.values(as: Float.self)?[3] == .leastNonzeroMagnitude)
    #expect(read.tensors["f32"]?.values(as: Double.self) == nil)
  }

  @Test func `the bytes are those of the format`() {
    let file = Safetensors(
      tensors: ["b": Tensor([UInt8(5)]), "a": Tensor([Float(1)]), "c": Tensor([Int64(-1)])],
      metadata: ["k": "v"])
    let header =
      "{\"__metadata__\":{\"k\":\"v\"},"
      + "\"a\":{\"data_offsets\":[8,12],\"dtype\":\"F32\",\"shape\":[1]},"
      + "\"b\":{\"data_offsets\":[12,13],\"dtype\":\"U8\",\"shape\":[1]},"
      + "\"c\":{\"data_offsets\":[0,8],\"dtype\":\"I64\",\"shape\":[1]}}"
    let padded = header + String(repeating: " ", count: -header.utf8.count & 7)
    let data: [UInt8] = Array(repeating: 255, count: 8) + [0, 0, 0x80, 0x3F] + [5]
    #expect(padded.utf8.count % 8 == 0)
    #expect(file.encoded() == Malformed.file(padded, data: 0) + data)
  }

  @Test(arguments: malformed)
  func `a malformed file is refused with the reason`(_ file: Malformed) {
    let error = #expect(throws: SafetensorsError.self) {
      _ = try Safetensors(decoding: file.bytes)
    }
    let description = error?.description ?? ""
    #expect(
      file.message.hasSuffix(":")
        ? description.hasPrefix(file.message) : description == file.message,
      "\(description)")
  }

  @Test func `no shortened file is read`() {
    let bytes = Safetensors(tensors: ["a": Tensor([Float(1), 2])], metadata: ["k": "v"]).encoded()
    for count in bytes.indices {
      #expect(throws: SafetensorsError.self) {
        _ = try Safetensors(decoding: Array(bytes[..<count]))
      }
    }
  }
}
