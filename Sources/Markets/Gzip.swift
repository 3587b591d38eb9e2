import CZlib
import Foundation

/// Reading of whole files, compressed or not.
enum DataFile {
  /// The largest content that is read, so that a damaged file cannot exhaust memory.
  static let defaultLimit = 1 << 28

  /// The content of a file; one whose name ends in `.gz` is decompressed.
  static func contents(
    of path: String, limit: Int = defaultLimit
  ) throws(MarketDataError) -> [UInt8] {
    let bytes: [UInt8]
    do {
      bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    } catch CocoaError.fileReadNoSuchFile {
      throw MarketDataError(file: path, .missingFile)
    } catch {
      throw MarketDataError(file: path, .unreadable(reason: error.localizedDescription))
    }
    guard bytes.count <= limit else { throw MarketDataError(file: path, .tooLarge(limit: limit)) }
    guard path.hasSuffix(".gz") else { return bytes }
    return try Gzip.decompress(bytes, file: path, limit: limit)
  }
}

/// The gzip format (RFC 1952), read with zlib.
enum Gzip {
  /// The content of gzip data of one or more members, checksums verified.
  ///
  /// - Parameters:
  ///   - file: where the data comes from, for messages.
  ///   - limit: the largest content in bytes.
  static func decompress(
    _ data: [UInt8], file: String, limit: Int
  ) throws(MarketDataError) -> [UInt8] {
    var input = data
    var output = [UInt8](repeating: 0, count: max(1 << 16, min(limit, 4 * data.count)))
    var written = 0
    var stream = unsafe z_stream()
    // 16 selects the gzip format, 15 the largest window.
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(&stream, 16 + 15, ZLIB_VERSION, size) == Z_OK else {
      throw MarketDataError(file: file, .corruptGzip(reason: "zlib does not start"))
    }
    defer { unsafe inflateEnd(&stream) }
    var read = 0
    while true {
      let status = unsafe inflateOnce(&stream, &input, &read, &output, &written)
      guard written <= limit else { throw MarketDataError(file: file, .tooLarge(limit: limit)) }
      switch status {
      case Z_STREAM_END:
        if read == input.count { return Array(output[..<written]) }
        // Another member follows, or what follows is found not to be one.
        unsafe inflateReset(&stream)
      case Z_OK, Z_BUF_ERROR:
        if written == output.count {
          output += [UInt8](repeating: 0, count: min(output.count, limit + 1 - written))
        } else if read == input.count {
          throw MarketDataError(file: file, .truncatedGzip(bytes: written))
        }
      default:
        let message = unsafe stream.msg.map { unsafe String(cString: $0) }
        throw MarketDataError(file: file, .corruptGzip(reason: message ?? "zlib error \(status)"))
      }
    }
  }

  /// One call of `inflate`; moves `read` and `written` on.
  private static func inflateOnce(
    _ stream: inout z_stream, _ input: inout [UInt8], _ read: inout Int, _ output: inout [UInt8],
    _ written: inout Int
  ) -> Int32 {
    let (inputCount, outputCount) = (input.count, output.count)
    return unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress.map { unsafe $0 + read }
        unsafe stream.avail_in = UInt32(inputCount - read)
        unsafe stream.next_out = target.baseAddress.map { unsafe $0 + written }
        unsafe stream.avail_out = UInt32(outputCount - written)
        let status = unsafe inflate(&stream, Z_NO_FLUSH)
        read = unsafe inputCount - Int(stream.avail_in)
        written = unsafe outputCount - Int(stream.avail_out)
        return status
      }
    }
  }
}
