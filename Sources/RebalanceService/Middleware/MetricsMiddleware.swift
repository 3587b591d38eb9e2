import Hummingbird

/// Counts answers by route and status, and times them.
struct MetricsMiddleware: RouterMiddleware {
  let metrics: ServiceMetrics

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    let response = try await next(request, context)
    metrics.answered(
      request.method.rawValue, route: context.endpointPath ?? "none",
      status: response.status.code, in: ContinuousClock.now - start)
    return response
  }
}
