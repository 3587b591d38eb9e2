import Foundation
import Hummingbird
import NIOCore

/// The places where routes are added, by what their callers must be allowed to do.
struct ServiceRoutes {
  /// For everybody: health and the description of the interface.
  let open: RouterGroup<ServiceContext>
  let decide: RouterGroup<ServiceContext>
  let read: RouterGroup<ServiceContext>
  let release: RouterGroup<ServiceContext>

  init(_ router: Router<ServiceContext>, keys: APIKeys?) {
    open = router.group()
    decide = router.group().add(middleware: ScopeMiddleware(keys: keys, scope: .decide))
    read = router.group().add(middleware: ScopeMiddleware(keys: keys, scope: .read))
    release = router.group().add(middleware: ScopeMiddleware(keys: keys, scope: .release))
  }
}

extension Request {
  /// The body, at most `RequestLimits.body` bytes.
  func bytes() async throws -> Data {
    let buffer = try await body.collect(upTo: RequestLimits.body)
    return Data(buffer.readableBytesView)
  }

  /// A parameter of the query; `nil` where it is not given.
  func parameter(_ name: String) throws(Problem) -> String? {
    let values = uri.queryParameters.getAll(name)
    guard values.count <= 1 else { throw Problem.invalidInput("\(name): given more than once") }
    return values.first
  }
}

extension ServiceContext {
  /// Whose key it is; `open` where the service runs without keys.
  var keyID: String { caller?.id ?? "open" }
}
