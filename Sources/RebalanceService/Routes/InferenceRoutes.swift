import Foundation
import Hummingbird

/// `/v2`: the Open Inference Protocol, for tools that know it. It gives bare scores: nothing is decided,
/// guarded or logged there.
struct InferenceRoutes {
  let policies: PolicyShelf

  func add(to routes: ServiceRoutes) {
    routes.open.get("/v2/health/live", use: live)
    routes.open.get("/v2/health/ready", use: ready)
    routes.read.get("/v2/models/{name}", use: model)
    routes.read.get("/v2/models/{name}/ready", use: modelReady)
    routes.decide.post("/v2/models/{name}/infer", use: infer)
  }

  private struct Live: Encodable { var live: Bool }
  private struct Ready: Encodable { var ready: Bool }

  private func live(_ request: Request, _ context: ServiceContext) throws -> Response {
    try Response.json(Live(live: true))
  }

  private func ready(_ request: Request, _ context: ServiceContext) throws -> Response {
    let faults = policies.faults
    guard faults.isEmpty else {
      throw Problem.unavailable(faults.joined(separator: "; "), reason: "not_ready")
    }
    return try Response.json(Ready(ready: true))
  }

  private func model(_ request: Request, _ context: ServiceContext) throws -> Response {
    try Response.json(try served(context).description)
  }

  private func modelReady(_ request: Request, _ context: ServiceContext) throws -> Response {
    _ = try served(context)
    return try Response.json(Ready(ready: true))
  }

  private func infer(_ request: Request, _ context: ServiceContext) async throws -> Response {
    let body = try await request.bytes()
    return try Response.json(try served(context).infer(InferenceRequest(body)))
  }

  private func served(_ context: ServiceContext) throws(Problem) -> InferenceModel {
    guard let name = context.parameters.get("name") else {
      throw Problem(.notFound, "no such model")
    }
    guard let bundle = try policies.serving(name).bundle else {
      throw Problem(.notFound, "\(name) is a rule, which has no scores")
    }
    return InferenceModel(bundle)
  }
}
