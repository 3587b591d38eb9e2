import Hummingbird
import Logging

/// One line per request, for those who turn `debug` on; never headers or bodies, which hold secrets.
struct RequestLogMiddleware: RouterMiddleware {
  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    do {
      let response = try await next(request, context)
      context.logger.debug(
        "answered",
        metadata: [
          "method": "\(request.method)", "route": "\(context.endpointPath ?? "none")",
          "status": "\(response.status.code)",
        ])
      return response
    } catch {
      // Nothing of the request goes into the log: the kind of the fault is enough to find it.
      context.logger.error("fault", metadata: ["kind": "\(type(of: error))"])
      throw error
    }
  }
}
