import Hummingbird
import Synchronization

/// Counts the requests under way and turns away what is too many: nothing piles up.
final class AdmissionMiddleware: RouterMiddleware {
  private let limit: Int
  private let underWay = Atomic(0)
  var count: Int { underWay.load(ordering: .relaxed) }

  init(limit: Int) { self.limit = limit }

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    let before = underWay.add(1, ordering: .relaxed).oldValue
    defer { underWay.subtract(1, ordering: .relaxed) }
    guard before < limit else {
      throw Problem.unavailable("\(limit) requests are under way", reason: "busy")
    }
    return try await next(request, context)
  }
}
