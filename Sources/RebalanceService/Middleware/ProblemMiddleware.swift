import HTTPTypes
import Hummingbird
import NIOCore

/// Answers every error with a problem document.
struct ProblemMiddleware: RouterMiddleware {
  let document: OpenAPIDocument

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let problem as Problem {
      return try problem.response(from: request, context: context)
    } catch is NIOTooManyBytesError {
      let problem = Problem(.contentTooLarge, "a request has at most \(RequestLimits.body) bytes")
      return try problem.response(from: request, context: context)
    } catch let error as HTTPError {
      return try problem(of: error, request).response(from: request, context: context)
    }
  }

  /// A path that exists under other methods says which.
  private func problem(of error: HTTPError, _ request: Request) -> Problem {
    guard error.status == .notFound else {
      return Problem(error.status, error.body ?? error.status.reasonPhrase)
    }
    let methods = document.methods(of: request.uri.path)
    guard !methods.isEmpty else { return Problem(.notFound, "there is no such path") }
    return Problem(
      .methodNotAllowed, "this path takes \(methods.joined(separator: ", "))",
      headers: [.allow: methods.joined(separator: ", ")])
  }
}
