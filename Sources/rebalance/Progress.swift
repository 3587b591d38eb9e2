import Dispatch
import Foundation
import Learning
import Synchronization

/// Shows how far a training is, on standard error: a bar on a terminal, else a line a minute.
final class TrainingProgress: Sendable {
  private let title: String
  private let total: Int
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  private struct State {
    var firstSteps: Int?
    var lastShown: ContinuousClock.Instant?
  }

  init(title: String, total: Int) {
    self.title = title
    self.total = total
  }

  /// Notes an update.
  func callAsFunction(_ report: UpdateReport) {
    let now = ContinuousClock.now
    let isLast = report.stepsDone >= total
    let (isDue, first) = state.withLock { state in
      let first = state.firstSteps ?? report.stepsDone
      state.firstSteps = first
      let pause: Duration = isTerminal ? .milliseconds(200) : .seconds(60)
      let isDue = isLast || state.lastShown.map { now - $0 >= pause } ?? isTerminal
      if isDue { state.lastShown = now }
      return (isDue, first)
    }
    guard isDue else { return }
    let seconds = (now - start) / .seconds(1)
    let speed = Double(report.stepsDone - first) / max(seconds, 1e-9)
    let left = speed > 0 ? Double(total - report.stepsDone) / speed : 0
    show(report, speed: speed, seconds: isLast ? seconds : left, isLast: isLast)
  }

  private func show(_ report: UpdateReport, speed: Double, seconds: Double, isLast: Bool) {
    let share = min(Double(report.stepsDone) / Double(max(total, 1)), 1)
    let filled = Int(share * 20)
    let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: 20 - filled)
    let time = "\(Int(seconds.rounded(.up))) s \(isLast ? "in all" : "left")"
    let text = "\(title)  \(bar) \(Int(share * 100)) %  \(Int(speed / 1000)) k steps/s  \(time)"
    let line = isTerminal ? "\r\u{1B}[K" + text + (isLast ? "\n" : "") : text + "\n"
    FileHandle.standardError.write(Data(line.utf8))
  }
}

/// Whether the user has asked to stop, with Ctrl-C; a second Ctrl-C ends the program at once.
final class Interruption {
  /// What the handler sets and the training reads.
  final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }

    fileprivate func set() {
      if value.exchange(true, ordering: .relaxed) { exit(130) }
      FileHandle.standardError.write(
        Data("\nstopping after this update; Ctrl-C again ends at once\n".utf8))
    }
  }

  let flag = Flag()
  private let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())

  /// Begins to listen, for as long as this object lives.
  init() {
    _ = signal(SIGINT, SIG_IGN)
    source.setEventHandler { [flag] in flag.set() }
    source.resume()
  }

  deinit { source.cancel() }
}
