import CoreMetrics
import Synchronization

/// Keeps what swift-metrics is told, for Prometheus to fetch.
///
/// Labels become names as they are; a timer becomes a histogram in seconds. A series is kept for ever:
/// dimensions must be of few values.
final class PrometheusFactory: MetricsFactory {
  struct Series: Hashable {
    var name: String
    var labels: [String]
  }

  private let counters = Mutex<[Series: Sum]>([:])
  private let meters = Mutex<[Series: Sum]>([:])
  private let timers = Mutex<[Series: Histogram]>([:])
  /// What stands in `# HELP`, by name.
  let help: [String: String]

  init(help: [String: String] = [:]) { self.help = help }

  private static func series(_ label: String, _ dimensions: [(String, String)]) -> Series {
    Series(name: label, labels: dimensions.flatMap { [$0.0, $0.1] })
  }

  /// The handler of a series, made on first use.
  private static func handler<Handler: Sendable>(
    _ series: Series, in handlers: borrowing Mutex<[Series: Handler]>, _ make: () -> Handler
  ) -> Handler {
    handlers.withLock { handlers in
      if let known = handlers[series] { return known }
      let made = make()
      handlers[series] = made
      return made
    }
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    Self.handler(Self.series(label, dimensions), in: counters) { Sum() }
  }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    Self.handler(Self.series(label, dimensions), in: meters) { Sum() }
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    Self.handler(Self.series(label, dimensions), in: timers) { Histogram() }
  }

  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler { NOOPMetricsHandler.instance }

  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}

  /// All series as text.
  func text() -> String {
    var text = PrometheusText()
    for (kind, sums) in [
      ("counter", counters.withLock { $0.mapValues(\.value) }),
      ("gauge", meters.withLock { $0.mapValues(\.value) }),
    ] {
      write(sums, kind, to: &text) { series, value, text in
        text.sample(series.name, series.pairs, value.plain)
      }
    }
    write(timers.withLock { $0.mapValues(\.counts) }, "histogram", to: &text) {
      series, counts, text in
      counts.write(series, to: &text)
    }
    return text.text
  }

  private func write<Value>(
    _ all: [Series: Value], _ kind: String, to text: inout PrometheusText,
    _ write: (Series, Value, inout PrometheusText) -> Void
  ) {
    for (name, group) in Dictionary(grouping: all, by: \.key.name).sorted(by: { $0.key < $1.key }) {
      text.family(name, kind, help[name] ?? name)
      for (series, value) in group.sorted(by: {
        $0.key.labels.lexicographicallyPrecedes($1.key.labels)
      }) {
        write(series, value, &text)
      }
    }
  }
}

extension PrometheusFactory.Series {
  var pairs: [(String, String)] {
    stride(from: 0, to: labels.count - 1, by: 2).map { (labels[$0], labels[$0 + 1]) }
  }
}

/// A number that is added to or set.
private final class Sum: CounterHandler, MeterHandler {
  private let number = Mutex(0.0)
  var value: Double { number.withLock { $0 } }

  func increment(by amount: Int64) { number.withLock { $0 += Double(amount) } }
  func reset() { number.withLock { $0 = 0 } }
  func set(_ value: Int64) { number.withLock { $0 = Double(value) } }
  func set(_ value: Double) { number.withLock { $0 = value } }
  func increment(by amount: Double) { number.withLock { $0 += amount } }
  func decrement(by amount: Double) { number.withLock { $0 -= amount } }
}

/// How many durations were at most how long.
private final class Histogram: TimerHandler {
  /// Upper bounds in seconds: half a decade each, where a decision over HTTP lies.
  static let bounds = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
  ]

  struct Counts {
    var within = [Int](repeating: 0, count: Histogram.bounds.count)
    var all = 0
    var seconds = 0.0

    func write(_ series: PrometheusFactory.Series, to text: inout PrometheusText) {
      for (bound, count) in zip(Histogram.bounds, within) {
        text.sample("\(series.name)_bucket", series.pairs + [("le", "\(bound)")], "\(count)")
      }
      text.sample("\(series.name)_bucket", series.pairs + [("le", "+Inf")], "\(all)")
      text.sample("\(series.name)_sum", series.pairs, "\(seconds)")
      text.sample("\(series.name)_count", series.pairs, "\(all)")
    }
  }

  private let state = Mutex(Counts())
  var counts: Counts { state.withLock { $0 } }

  func recordNanoseconds(_ duration: Int64) {
    let seconds = Double(duration) / 1e9
    state.withLock { counts in
      for (i, bound) in Self.bounds.enumerated() where seconds <= bound { counts.within[i] += 1 }
      counts.all += 1
      counts.seconds += seconds
    }
  }
}

extension Double {
  /// Without a fraction where there is none.
  fileprivate var plain: String { Int64(exactly: self).map { "\($0)" } ?? "\(self)" }
}
