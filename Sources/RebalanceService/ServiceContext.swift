import Hummingbird

/// What is known of a request while it is answered.
struct ServiceContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// Whose key it came with; `nil` on routes that are open to all.
  var caller: APIKey?

  init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }
}
