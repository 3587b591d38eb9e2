import CoreMetrics
import Foundation
import Metrics

/// What the service counts.
struct ServiceMetrics: Sendable {
  private let factory = PrometheusFactory(help: [
    "rebalance_http_requests_total": "Answers by route and status.",
    "rebalance_http_request_seconds": "Time from a request's head to its answer.",
    "rebalance_decisions_total":
      "Decisions by policy and action; repeated answers are not counted.",
    "rebalance_refused_total": "Requests that no policy has seen, by reason.",
    "rebalance_log_entries": "Entries in the decision log.",
    "rebalance_requests_under_way": "Requests that are being answered.",
    "rebalance_ready": "1 where every champion serves.",
    "process_resident_memory_bytes": "Memory of the process.",
  ])

  func answered(_ method: String, route: String, status: Int, in time: Duration) {
    // A method that no route has is anything at all: as a label it would grow without end.
    let method = ["GET", "POST", "HEAD"].contains(method) ? method : "other"
    counter(
      "rebalance_http_requests_total",
      [
        ("method", method), ("route", route), ("status", "\(status)"),
      ])
    let parts = time.components
    Timer(label: "rebalance_http_request_seconds", dimensions: [("route", route)], factory: factory)
      .recordNanoseconds(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
  }

  func decided(_ policy: String, action: String) {
    counter("rebalance_decisions_total", [("policy", policy), ("action", action)])
  }

  func refused(_ reason: String) { counter("rebalance_refused_total", [("reason", reason)]) }

  func set(_ gauge: String, _ value: Double) {
    Meter(label: gauge, factory: factory).set(value)
  }

  /// All of it, for Prometheus.
  func text() -> String {
    set("process_resident_memory_bytes", Self.residentMemory)
    return factory.text()
  }

  private func counter(_ label: String, _ dimensions: [(String, String)]) {
    Counter(label: label, dimensions: dimensions, factory: factory).increment()
  }

  /// Bytes, as the kernel counts them.
  private static var residentMemory: Double {
    let pages = FileManager.default.contents(atPath: "/proc/self/statm").flatMap {
      String(decoding: $0, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap {
        Double($0)
      }
    }
    return (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE)))
  }
}
