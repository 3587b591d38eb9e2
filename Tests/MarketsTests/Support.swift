import CZlib
import Foundation
import Markets
import Testing

/// A folder that is removed with its owner.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }

  /// The error that loading throws, with the folder left out of its text.
  func message(_ load: () throws -> Void) -> String {
    do {
      try load()
      return "no error"
    } catch {
      return "\(error)".replacingOccurrences(of: path + "/", with: "")
        .replacingOccurrences(of: path, with: "FOLDER")
    }
  }
}

/// Gzip data of one member.
func gzipped(_ text: String) throws -> [UInt8] {
  var input = Array(text.utf8)
  var output = [UInt8](repeating: 0, count: input.count + 1_000)
  var stream = unsafe z_stream()
  let size = unsafe Int32(MemoryLayout<z_stream>.size)
  let started = unsafe deflateInit2_(
    &stream, 6, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
  try #require(started == Z_OK)
  let (inputCount, outputCount) = (UInt32(input.count), UInt32(output.count))
  let status = unsafe input.withUnsafeMutableBufferPointer { source in
    unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe stream.next_in = source.baseAddress
      unsafe stream.avail_in = inputCount
      unsafe stream.next_out = target.baseAddress
      unsafe stream.avail_out = outputCount
      return unsafe deflate(&stream, Z_FINISH)
    }
  }
  try #require(status == Z_STREAM_END)
  let count = unsafe output.count - Int(stream.avail_out)
  unsafe deflateEnd(&stream)
  return Array(output[..<count])
}

/// A date that must be one.
func day(_ iso: String) throws -> CalendarDate { try #require(CalendarDate(iso: iso)) }

/// Where the files of real funds are: `MARKET_DATA`, or a folder beside the package; never shipped.
enum RealData {
  static let folder: String? = {
    let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "../../../shared/data/etf"
    ).standardizedFileURL.path
    let candidates = [ProcessInfo.processInfo.environment["MARKET_DATA"], beside]
    return candidates.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }()
}

/// The folder of the shipped data, found beside the tests.
let shippedData = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs/data").path

func shippedStockBond() throws -> PriceHistory {
  try PriceHistory(
    wideCSV: shippedData + "/us-stock-bond.csv", assets: ["US_STOCK", "US_TREASURY"])
}
