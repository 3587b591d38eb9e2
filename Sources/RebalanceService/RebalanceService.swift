import Foundation
public import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import ServiceLifecycle

/// The trigger over HTTP: policies, decision log, controls and their routes.
public struct RebalanceService: Sendable {
  /// What a service is started with.
  public struct Settings: Sendable {
    public var host = "127.0.0.1"
    /// 0: any that is free.
    public var port = 8080
    /// Requests that may be under way; what comes beyond is told to come again.
    public var requestLimit = 512
    /// Connections that may be open; what comes beyond waits.
    public var connectionLimit = 2048
    /// Within which a request must have arrived whole, and after which an idle connection is closed.
    public var clientTimeout = Duration.seconds(10)
    /// After which the log's end is signed, if entries have come.
    public var checkpointTime = Duration.seconds(3600)
    public init() {}
  }

  private let settings: Settings
  private let log: DecisionLog
  private let policies: PolicyShelf
  private let controls: ControlDesk
  private let metrics = ServiceMetrics()
  private let keys: APIKeys?
  private let logger: Logger

  /// - Parameters:
  ///   - keys: who may ask; `nil`: everybody, which is for loopback and tests.
  public init(
    _ settings: Settings, policies: PolicyShelf, log: DecisionLog, keys: APIKeys?, logger: Logger
  ) throws(LogError) {
    self.settings = settings
    self.log = log
    self.policies = policies
    self.keys = keys
    self.logger = logger
    controls = try ControlDesk(log: log)
  }

  /// The routes with what stands before them, outermost first.
  package func router() -> Router<ServiceContext> {
    let document = OpenAPIDocument.shared
    let router = Router(context: ServiceContext.self, options: .autoGenerateHeadEndpoints)
    let admission = AdmissionMiddleware(limit: settings.requestLimit)
    router.add(middleware: MetricsMiddleware(metrics: metrics))
    router.add(middleware: RequestLogMiddleware())
    router.add(middleware: ProblemMiddleware(document: document))
    router.add(middleware: admission)
    let routes = ServiceRoutes(router, keys: keys)
    let desk = DecisionDesk(policies: policies, log: log, controls: controls, metrics: metrics)
    DecisionRoutes(desk: desk).add(to: routes)
    PolicyRoutes(policies: policies, log: log).add(to: routes)
    ControlRoutes(controls: controls).add(to: routes)
    InferenceRoutes(policies: policies).add(to: routes)
    let (metrics, policies) = (metrics, policies)
    SystemRoutes(metrics: metrics, document: document) {
      metrics.set("rebalance_requests_under_way", Double(admission.count))
      metrics.set("rebalance_ready", policies.faults.isEmpty ? 1 : 0)
    }.add(to: routes)
    return router
  }

  /// The application; it drains what is under way when it is told to stop.
  ///
  /// - Parameter listening: told the port as soon as requests are taken.
  public func application(
    listening: @escaping @Sendable (Int) -> Void = { _ in }
  ) -> some ApplicationProtocol {
    let timeout = TimeAmount(settings.clientTimeout)
    return Application(
      router: router(),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [RequestDeadline(timeout)], idleTimeout: timeout)),
      configuration: .init(
        address: .hostname(settings.host, port: settings.port), serverName: "rebalance",
        backlog: 1024,
        availableConnectionsDelegate: MaximumAvailableConnections(settings.connectionLimit)),
      services: [
        LogKeeper(log: log, interval: settings.checkpointTime, logger: logger),
        PolicyWatch(shelf: policies, logger: logger),
      ],
      onServerRunning: { channel in listening(channel.localAddress?.port ?? 0) },
      logger: logger)
  }

  /// Answers requests until it is told to stop.
  ///
  /// - Parameter listening: told the port as soon as requests are taken.
  public func run(listening: @escaping @Sendable (Int) -> Void) async throws {
    do { try await application(listening: listening).runService() } catch {
      throw StartError(error, listeningOn: settings) ?? error
    }
  }
}

/// Signs the log's end when the service starts, at intervals, and when it stops; it stops after the
/// server, which drains first.
private struct LogKeeper: Service {
  let log: DecisionLog
  let interval: Duration
  let logger: Logger

  func run() async throws {
    // What a crash has left unsigned.
    try await log.checkpoint()
    await cancelWhenGracefulShutdown {
      while (try? await Task.sleep(for: interval)) != nil {
        do { try await log.checkpoint() } catch {
          if !Task.isCancelled { logger.error("no checkpoint", metadata: ["error": "\(error)"]) }
        }
      }
    }
    try await log.checkpoint()
    logger.info("stopped")
  }
}
