public import Foundation
import NIOCore
import NIOPosix

/// Why a service does not start; nothing has been made or changed then.
public struct StartError: Error, CustomStringConvertible, Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// What it is to serve is not there.
    case missing
    /// The address is not to be had.
    case address
  }

  public let kind: Kind
  public let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// A failure to listen; `nil` for other errors.
  init?(_ error: any Error, listeningOn settings: RebalanceService.Settings) {
    let (host, port) = (settings.host, settings.port)
    let reason: String
    switch error {
    case let error as IOError where error.errnoCode == EADDRINUSE:
      reason = "another program listens there; --port 0 takes a free port"
    case let error as IOError where error.errnoCode == EADDRNOTAVAIL:
      reason = "this machine does not have the address"
    case let error as IOError where error.errnoCode == EACCES:
      reason = "this user may not listen there"
    case is SocketAddressError, is SocketAddressError.UnknownHost: reason = "there is no such host"
    default: return nil
    }
    self.init(.address, "cannot listen on --host \(host) --port \(port): \(reason)")
  }
}

extension RebalanceService.Settings {
  /// Finds out whether the address can be listened on, before anything is made for the service.
  public func checkAddress() async throws(StartError) {
    do {
      let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      try await bootstrap.bind(host: host, port: port).get().close().get()
    } catch {
      throw StartError(error, listeningOn: self)
        ?? StartError(.address, "cannot listen on --host \(host) --port \(port): \(error)")
    }
  }
}

extension StartError {
  /// Refuses a registry that is not there: a misspelt name would be an empty registry.
  public static func checkRegistry(_ folder: URL) throws(StartError) {
    let type = try? FileManager.default.attributesOfItem(
      atPath: folder.resolvingSymlinksInPath().path)[
        .type]
    guard type as? FileAttributeType == .typeDirectory else {
      throw StartError(
        .missing,
        "\(folder.path): there is no such folder; rebalance registry add begins a registry")
    }
  }
}
