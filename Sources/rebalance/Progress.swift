import Experiments
import Foundation
import Learning
import Synchronization

/// Shows how far trainings are, on standard error: a line that changes on a terminal, else one a
/// minute.
final class TrainingProgress: Sendable {
  private let title: String
  private let total: Int
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  private struct State {
    var runs: [RunState]
    var lastShown: ContinuousClock.Instant?
    /// Whether what was noted last has been shown.
    var isShown = true
    var isLineOpen = false
  }

  /// One of several trainings side by side.
  private struct RunState {
    /// Steps that an earlier program played.
    var firstSteps = 0
    var steps = 0
    var reward: ScoreTrend
    var evaluation = ScoreTrend(window: 8)
  }

  /// - Parameters:
  ///   - total: steps of each training.
  ///   - runs: how many there are.
  init(title: String, total: Int, runs: Int = 1) {
    self.title = title
    self.total = total
    // A point is a twentieth of the run, or the trend would follow the noise of single updates.
    let reward = ScoreTrend(window: 8, span: max(total / 20, 1))
    state = Mutex(State(runs: Array(repeating: RunState(reward: reward), count: runs)))
  }

  deinit { finish() }

  /// Notes what a training tells.
  func callAsFunction(_ event: TrainingRun.Event, of run: Int = 0) {
    state.withLock { state in
      switch event {
      case .start(let steps):
        state.runs[run].firstSteps = steps
        state.runs[run].steps = steps
        return
      case .update(let report):
        state.runs[run].steps = report.stepsDone
        state.runs[run].reward.add(report.meanReward, at: report.stepsDone)
      case .evaluation(let evaluation):
        state.runs[run].evaluation.add(evaluation.meanReward, at: evaluation.steps)
      }
      state.isShown = false
      show(&state)
    }
  }

  /// Shows how far it came, and on a terminal ends the line.
  func finish() {
    state.withLock { state in
      if !state.isShown { show(&state, isLast: true) }
      if state.isLineOpen { write("\n") }
      state.isLineOpen = false
    }
  }

  /// Mean reward per step of a training over its last whole twentieth, if this program played that.
  func reward(of run: Int) -> Double? { state.withLock { $0.runs[run].reward.score } }

  private func show(_ state: inout State, isLast: Bool = false) {
    let now = ContinuousClock.now
    let pause: Duration = isTerminal ? .milliseconds(200) : .seconds(60)
    guard isLast || now - (state.lastShown ?? start) >= pause else { return }
    (state.lastShown, state.isShown) = (now, true)
    let line = line(state.runs, seconds: (now - start) / .seconds(1))
    write(isTerminal ? "\r\u{1B}[K" + line.terminal : line.plain + "\n")
    state.isLineOpen = isTerminal
  }

  private func line(_ runs: [RunState], seconds: Double) -> ProgressLine {
    let steps = runs.reduce(0) { $0 + $1.steps }
    let done = runs.reduce(0) { $0 + $1.steps - $1.firstSteps }
    let speed = Double(done) / max(seconds, 1e-9)
    let left = Double(total * runs.count - steps)
    let evaluations = runs.map(\.evaluation).filter { $0.score != nil }
    let trends = evaluations.isEmpty ? runs.map(\.reward) : evaluations
    let scores = trends.compactMap(\.score)
    let arrows = Set(trends.map(\.arrow))
    return ProgressLine(
      title: title, steps: steps, totalSteps: total * runs.count, stepsPerSecond: speed,
      seconds: left > 0 ? left / speed : seconds,
      scoreName: evaluations.isEmpty ? "reward" : "eval",
      score: scores.isEmpty ? nil : scores.reduce(0, +) / Double(scores.count),
      arrow: arrows.count == 1 ? arrows.first ?? "" : "")
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
