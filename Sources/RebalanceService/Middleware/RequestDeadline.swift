import NIOCore
import NIOHTTPTypes

/// Bounds of what one request may bring.
enum RequestLimits {
  /// Bytes in a body.
  static let body = 1 << 20
}

/// Closes a connection whose request does not arrive whole in time: one byte now and then keeps a
/// connection busy for ever otherwise.
final class RequestDeadline: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  private let limit: TimeAmount
  private var timer: Scheduled<Void>?

  init(_ limit: TimeAmount) { self.limit = limit }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      timer?.cancel()
      let channel = context.channel
      timer = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    case .end:
      timer?.cancel()
      timer = nil
    case .body: break
    }
    context.fireChannelRead(data)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }
}
