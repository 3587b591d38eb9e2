import Foundation
import Hummingbird
import Logging

/// `/v1/policies`: what serves, and letting another version serve.
struct PolicyRoutes {
  let policies: PolicyShelf
  let log: DecisionLog

  func add(to routes: ServiceRoutes) {
    routes.read.get("/v1/policies", use: list)
    routes.release.post("/v1/policies/{name}/promote", use: promote)
  }

  private struct Listing: Encodable { var policies: [PolicyListing] }

  private func list(_ request: Request, _ context: ServiceContext) throws -> Response {
    try Response.json(Listing(policies: policies.listing))
  }

  private struct Order: Decodable {
    var version: String
    enum CodingKeys: CodingKey, CaseIterable { case version }
  }

  private func promote(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let body = try await request.bytes()
    try KnownFields<Order.CodingKeys>.check(body)
    let order: Order
    do { order = try JSONDecoder().decode(Order.self, from: body) } catch {
      throw Problem.invalidInput("not a promotion: {\"version\": \"1.2.3\"} is expected")
    }
    guard let name = context.parameters.get("name") else {
      throw Problem(.notFound, "no such policy")
    }
    let policy = try policies.promote(name, version: order.version)
    let response = try ServiceJSON.encode(policy.identity)
    do {
      _ = try await log.append(
        LogAct(
          kind: .promotion, time: Timestamp.now(), keyID: context.keyID, policy: policy.identity,
          request: body, response: response))
    } catch { throw Problem.unavailable("\(error)", reason: "log_unavailable") }
    context.logger.notice(
      "promoted", metadata: ["policy": "\(name)", "version": "\(policy.identity.version)"])
    return Response.bytes(response)
  }
}
