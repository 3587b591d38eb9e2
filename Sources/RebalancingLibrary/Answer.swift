// Functions are named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRebalancing
import Experiments
import Foundation

/// A call that is wrong in itself.
struct UsageError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Runs what a function of the interface does; an error becomes its status and its message.
///
/// - Parameters:
///   - message: memory of the caller's, of `capacity` bytes, for the message and a final zero.
func answer(
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64, _ body: () throws -> Void
) -> Int32 {
  do {
    try body()
    return Int32(REBALANCING_OK)
  } catch {
    unsafe write("\(error)", to: message, capacity)
    if error is UsageError { return ExitStatus.usage.rawValue }
    return ExitStatus(of: error)?.rawValue ?? ExitStatus.fault.rawValue
  }
}

/// Writes as much of a text as there is room for, never a part of a character.
private func write(_ text: String, to message: UnsafeMutablePointer<CChar>?, _ capacity: Int64) {
  guard let message = unsafe message, capacity > 0 else { return }
  var count = 0
  for character in text {
    let bytes = character.utf8
    guard count + bytes.count < Int(capacity) else { break }
    for byte in bytes {
      unsafe message[count] = CChar(bitPattern: byte)
      count += 1
    }
  }
  unsafe message[count] = 0
}

/// A request: one JSON object, whose keys are known.
func decoded<Request: Decodable>(
  _ text: UnsafePointer<CChar>?, as type: Request.Type, keys: [String]
) throws -> Request {
  guard let text = unsafe text else { throw UsageError("the request is null") }
  let data = Data(unsafe String(cString: text).utf8)
  guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
    throw UsageError("the request is no JSON object")
  }
  if let other = object.keys.filter({ !keys.contains($0) }).min() {
    throw UsageError("unknown key \(other); valid are \(keys.joined(separator: ", "))")
  }
  do { return try JSONDecoder().decode(Request.self, from: data) } catch {
    throw UsageError("the request does not fit: \((error as? DecodingError)?.words ?? "\(error)")")
  }
}

extension DecodingError {
  /// The place and what is wrong there.
  fileprivate var words: String {
    func place(_ context: Context) -> String {
      context.codingPath.map(\.stringValue).joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, _): return "\(key.stringValue) is missing"
    case .typeMismatch(let type, let context): return "\(place(context)) is no \(type)"
    case .valueNotFound(let type, let context): return "\(place(context)) is no \(type) but null"
    case .dataCorrupted(let context): return "\(place(context)): \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}

/// Hands text to the caller, who gives it back with `rebalancing_text_free`.
func give(_ text: String, to place: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) throws {
  guard let place = unsafe place else { throw UsageError("there is no place for the answer") }
  unsafe place.pointee = unsafe strdup(text)
}

/// One JSON document, keys in order.
func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// An object behind a handle; the caller has one reference.
enum Handle {
  static func make(_ object: some AnyObject) -> OpaquePointer {
    unsafe OpaquePointer(Unmanaged.passRetained(object).toOpaque())
  }

  static func object<T: AnyObject>(_ handle: OpaquePointer?, as type: T.Type) throws -> T {
    guard let handle = unsafe handle else { throw UsageError("the handle is null") }
    return unsafe Unmanaged<T>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
  }

  static func free<T: AnyObject>(_ handle: OpaquePointer?, as type: T.Type) {
    guard let handle = unsafe handle else { return }
    unsafe Unmanaged<T>.fromOpaque(UnsafeRawPointer(handle)).release()
  }
}

@c @implementation
public func rebalancing_interface_version() -> Int32 { REBALANCING_INTERFACE_VERSION }

@c @implementation
public func rebalancing_text_free(_ text: UnsafeMutablePointer<CChar>?) { unsafe free(text) }
