import Deployment
import Foundation
import HTTPTypes
import Rebalancing
import Synchronization

/// Takes requests, has them decided, and answers when the log is durable.
struct DecisionDesk: Sendable {
  let policies: PolicyShelf
  let log: DecisionLog
  let controls: ControlDesk
  let metrics: ServiceMetrics
  private let underWay = KeysUnderWay()

  init(policies: PolicyShelf, log: DecisionLog, controls: ControlDesk, metrics: ServiceMetrics) {
    self.policies = policies
    self.log = log
    self.controls = controls
    self.metrics = metrics
  }

  /// One request for a decision.
  struct Order: Sendable {
    var body: Data
    /// The policy that is asked; `nil`: the only one.
    var policy: String?
    var keyID: String
    var idempotencyKey: String
  }

  /// An answer and where it is logged.
  struct Answer: Sendable {
    var entry: LogEntry
    /// Whether it is the answer to an earlier request with the same key.
    var isRepeated: Bool
  }

  /// Decides, logs, and then answers; a known key gets the bytes that it got before.
  func answer(_ order: Order) async throws(Problem) -> Answer {
    let name = "\(order.keyID)/\(order.idempotencyKey)"
    guard underWay.begin(name) else {
      throw Problem(
        .conflict, "a request with this Idempotency-Key is being answered", reason: "in_flight",
        headers: [.retryAfter: "1"])
    }
    defer { underWay.end(name) }
    let act: LogAct
    let action: String
    do { (act, action) = try decided(order) } catch {
      // An answer that was given once is given again, whatever is in force by now.
      if let known = try await known(order) { return try answer(known, to: order) }
      metrics.refused(error.reason ?? "other")
      throw error
    }
    let outcome: DecisionLog.Outcome
    do { outcome = try await log.append(act) } catch {
      throw Problem.unavailable(error.description, reason: "log_unavailable")
    }
    guard outcome.isNew else { return try answer(outcome.entry, to: order) }
    metrics.decided(act.policy.name, action: action)
    return Answer(entry: outcome.entry, isRepeated: false)
  }

  /// The act that an order leads to; nothing is kept yet.
  private func decided(_ order: Order) throws(Problem) -> (act: LogAct, action: String) {
    try Self.checkText(order.body)
    let policy = try policies.serving(order.policy)
    let additions = controls.additions()
    let response = try Self.decide(order.body, additions, by: policy)
    let act = LogAct(
      kind: .decision, time: Timestamp.now(), keyID: order.keyID, policy: policy.identity,
      idempotencyKey: order.idempotencyKey, request: order.body, controls: additions,
      response: try Self.encoded(response))
    return (act, response.action.rawValue)
  }

  /// Refuses what is not UTF-8: a decoder would guess other encodings, and a reader of the log too.
  private static func checkText(_ body: Data) throws(Problem) {
    guard !body.starts(with: [0xEF, 0xBB, 0xBF]), !body.contains(0),
      String(validating: body, as: UTF8.self) != nil
    else { throw Problem.invalidInput("not JSON: UTF-8 without a byte order mark is expected") }
  }

  /// The decision on a request with the service's additions; the request alone must be valid too.
  private static func decide(
    _ request: Data, _ additions: Data, by policy: ServedPolicy
  ) throws(Problem) -> DecisionResponse {
    do throws(RequestError) {
      let plain = try policy.decider.decide(request: request)
      guard !additions.isEmpty else { return plain }
      let merged = RequestAdditions.merged(request, additions)
      return try policy.decider.decide(request: merged).stopped(by: additions)
    } catch { throw Problem.invalidInput(error.description) }
  }

  private static func encoded(_ response: DecisionResponse) throws(Problem) -> Data {
    do { return try response.encoded() } catch {
      throw Problem(.internalServerError, "the decision cannot be written as JSON")
    }
  }

  private func known(_ order: Order) async throws(Problem) -> LogEntry? {
    do {
      return try await log.entry(keyID: order.keyID, idempotencyKey: order.idempotencyKey)
    } catch { throw Problem.unavailable(error.description, reason: "log_unavailable") }
  }

  /// An earlier answer, if it was to the same request.
  private func answer(_ entry: LogEntry, to order: Order) throws(Problem) -> Answer {
    guard entry.act.request == order.body,
      order.policy ?? entry.act.policy.name == entry.act.policy.name
    else {
      metrics.refused("key_reused")
      throw Problem(
        .unprocessableContent, "Idempotency-Key: it was used for another request",
        reason: "key_reused")
    }
    return Answer(entry: entry, isRepeated: true)
  }

  /// Decides a logged request again, by the policy that decided then.
  func replay(_ entry: LogEntry) throws(Problem) -> Replay {
    let policy = try policies.policy(entry.act.policy)
    let bytes: Data
    do throws(Problem) {
      bytes = try Self.encoded(Self.decide(entry.act.request, entry.act.controls, by: policy))
    } catch {
      return Replay(
        id: "\(entry.sequence)", same: false,
        differences: [
          .init(
            field: "", logged: nil, replayed: error.detail)
        ])
    }
    return Replay(
      id: "\(entry.sequence)", same: bytes == entry.act.response,
      differences: Replay.differences(entry.act.response, bytes))
  }
}

/// The idempotency keys of the requests that are being answered.
final class KeysUnderWay: Sendable {
  private let names = Mutex<Set<String>>([])

  /// - Returns: false where the name is under way already.
  func begin(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }

  func end(_ name: String) { names.withLock { _ = $0.remove(name) } }
}
