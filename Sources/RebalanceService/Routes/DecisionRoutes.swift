import Foundation
import HTTPTypes
import Hummingbird

/// `/v1/decisions`: ask, read, and ask again what was asked.
struct DecisionRoutes {
  let desk: DecisionDesk

  func add(to routes: ServiceRoutes) {
    routes.decide.post("/v1/decisions", use: decide)
    routes.read.get("/v1/decisions/{id}", use: show)
    routes.read.post("/v1/decisions/{id}/replay", use: replay)
  }

  /// The decision's bytes, as the command line and a caller in process get them.
  private func decide(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let order = DecisionDesk.Order(
      body: try await request.bytes(), policy: try request.parameter("policy"),
      keyID: context.keyID, idempotencyKey: try Self.idempotencyKey(request))
    let answer = try await desk.answer(order)
    var response = Response.bytes(answer.entry.act.response, status: .created)
    response.headers[.location] = "/v1/decisions/\(answer.entry.sequence)"
    if answer.isRepeated { response.headers[.idempotencyReplayed] = "true" }
    return response
  }

  private static func idempotencyKey(_ request: Request) throws(Problem) -> String {
    guard let name = HTTPField.Name("Idempotency-Key"), let key = request.headers[name] else {
      throw Problem(
        .badRequest,
        "the header Idempotency-Key is needed: an answer that gets lost can then be had again",
        reason: "no_idempotency_key")
    }
    guard (1...200).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else {
      throw Problem.invalidInput("Idempotency-Key: 1 to 200 visible ASCII characters are valid")
    }
    return key
  }

  private func show(_ request: Request, _ context: ServiceContext) async throws -> Response {
    Response.bytes(try DecisionRecord.json(try await entry(context)))
  }

  private func replay(_ request: Request, _ context: ServiceContext) async throws -> Response {
    try Response.json(try desk.replay(try await entry(context)))
  }

  private func entry(_ context: ServiceContext) async throws(Problem) -> LogEntry {
    let found: LogEntry?
    do {
      guard let text = context.parameters.get("id"), let id = Int64(text), id > 0, "\(id)" == text
      else { throw Problem(.notFound, "there is no such decision") }
      found = try await desk.log.entry(id)
    } catch let problem as Problem {
      throw problem
    } catch { throw Problem.unavailable("\(error)", reason: "log_unavailable") }
    guard let found, found.act.kind == .decision else {
      throw Problem(.notFound, "there is no such decision")
    }
    return found
  }
}

/// A logged decision as JSON: request and answer are in it byte by byte.
enum DecisionRecord {
  private struct Head: Encodable {
    let id: String
    let time: String
    let keyID: String
    let idempotencyKey: String?
    let policy: PolicyIdentity
    let requestDigest: String
    let previousDigest: String
    let digest: String

    enum CodingKeys: String, CodingKey {
      case id, time, policy
      case keyID = "key_id"
      case idempotencyKey = "idempotency_key"
      case requestDigest = "request_sha256"
      case previousDigest = "previous_sha256"
      case digest = "sha256"
    }
  }

  static func json(_ entry: LogEntry) throws -> Data {
    let act = entry.act
    var json = try ServiceJSON.encode(
      Head(
        id: "\(entry.sequence)", time: act.time, keyID: act.keyID,
        idempotencyKey: act.idempotencyKey, policy: act.policy,
        requestDigest: LogHash.digest(act.request).hexadecimal,
        previousDigest: entry.previous.hexadecimal, digest: entry.hash.hexadecimal))
    json.removeLast()
    let additions = act.controls.isEmpty ? Data("{}".utf8) : act.controls
    for (name, bytes) in [
      ("additions", additions), ("request", act.request), ("response", act.response),
    ] { json.append(contentsOf: Data(",\"\(name)\":".utf8) + bytes) }
    return json + Data("}".utf8)
  }
}

extension HTTPField.Name {
  static let idempotencyReplayed = Self("Idempotency-Replayed") ?? .accept
}
