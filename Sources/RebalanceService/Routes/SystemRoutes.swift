import Hummingbird

/// `/metrics` for Prometheus and `/openapi.json` for those who write clients.
struct SystemRoutes {
  let metrics: ServiceMetrics
  let document: OpenAPIDocument
  let refresh: @Sendable () -> Void

  func add(to routes: ServiceRoutes) {
    routes.read.get("/metrics", use: show)
    routes.open.get("/openapi.json", use: describe)
  }

  private func show(_ request: Request, _ context: ServiceContext) -> Response {
    refresh()
    return Response.bytes(
      .init(metrics.text().utf8), type: "text/plain; version=0.0.4; charset=utf-8")
  }

  private func describe(_ request: Request, _ context: ServiceContext) -> Response {
    Response.bytes(document.json)
  }
}
