import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What is wrong with a request, as RFC 9457 has it: `application/problem+json`.
struct Problem: Error, HTTPResponseError, CustomStringConvertible {
  var status: HTTPResponse.Status
  var detail: String
  /// A word for programs, such as `invalid_input`.
  var reason: String?
  var headers = HTTPFields()

  init(
    _ status: HTTPResponse.Status, _ detail: String, reason: String? = nil,
    headers: HTTPFields = [:]
  ) {
    self.status = status
    self.detail = detail
    self.reason = reason
    self.headers = headers
  }

  /// A request that no policy has seen.
  static func invalidInput(_ detail: String) -> Problem {
    Problem(.unprocessableContent, detail, reason: "invalid_input")
  }

  /// Nothing is wrong with the request; it may come again.
  static func unavailable(_ detail: String, reason: String) -> Problem {
    Problem(.serviceUnavailable, detail, reason: reason, headers: [.retryAfter: "1"])
  }

  var description: String { "\(status.code) \(detail)" }

  private struct Document: Encodable {
    let type = "about:blank"
    let title: String
    let status: Int
    let detail: String
    let reason: String?
  }

  func response(from request: Request, context: some RequestContext) throws -> Response {
    var response = try Response.json(
      Document(
        title: status.reasonPhrase, status: status.code, detail: detail, reason: reason))
    response.status = status
    response.headers.append(contentsOf: headers)
    response.headers[.contentType] = "application/problem+json"
    return response
  }
}

extension HTTPField.Name {
  static let retryAfter = Self("Retry-After") ?? .accept
}

extension Response {
  /// A JSON document.
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    bytes(try ServiceJSON.encode(value), status: status)
  }

  /// Bytes that are a JSON document already.
  static func bytes(
    _ data: Data, status: HTTPResponse.Status = .ok, type: String = "application/json"
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type],
      body: .init(byteBuffer: ByteBuffer(bytes: data)))
  }
}
