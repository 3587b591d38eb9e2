package import Hummingbird

/// What is known of a request while it is answered.
package struct ServiceContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// Whose key it came with; `nil` on routes that are open to all.
  var caller: APIKey?

  package init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }
}
