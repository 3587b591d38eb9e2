import Foundation
import Hummingbird
import Logging

/// `/v1/controls`: stop trading, and let it go on.
struct ControlRoutes {
  let controls: ControlDesk

  func add(to routes: ServiceRoutes) {
    routes.read.get("/v1/controls", use: show)
    routes.release.post("/v1/controls", use: change)
  }

  private func show(_ request: Request, _ context: ServiceContext) throws -> Response {
    try Response.json(controls.controls)
  }

  private func change(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let body = try await request.bytes()
    let order = try ControlOrder(body)
    let response = try await controls.carryOut(order, by: context.keyID, request: body)
    context.logger.notice(
      "controls", metadata: ["act": "\(order.act.rawValue)", "key": "\(context.keyID)"])
    return Response.bytes(response)
  }
}
