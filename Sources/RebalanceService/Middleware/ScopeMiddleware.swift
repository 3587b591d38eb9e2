import HTTPTypes
import Hummingbird

/// Lets only those pass whose key may do what the route does.
struct ScopeMiddleware: RouterMiddleware {
  /// `nil`: the service is open, on loopback only.
  let keys: APIKeys?
  let scope: Scope

  func handle(
    _ request: Request, context: ServiceContext,
    next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    guard let keys else { return try await next(request, context) }
    guard let key = request.headers[.authorization].flatMap({ Self.key($0, keys) }) else {
      throw Problem(
        .unauthorized, "a key is needed: Authorization: Bearer KEY",
        headers: [.wwwAuthenticate: "Bearer"])
    }
    guard key.scopes.contains(scope) else {
      throw Problem(.forbidden, "key \(key.id) lacks the scope \(scope.rawValue)")
    }
    var context = context
    context.caller = key
    return try await next(request, context)
  }

  private static func key(_ header: String, _ keys: APIKeys) -> APIKey? {
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    return keys.key(parts[1])
  }
}
