import ArgumentParser
import Experiments
import Foundation
import Rebalancing

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show why a policy acts: its decisions around a state, the optimum's, and a rule.",
    discussion: """
      Example: rebalance explain --env two-asset-monthly-v0 --policy 'rule:band(0.05)' \
      --weights 0.66,0.34

      The state is the policy's first trade in an episode, or the one before --step, or a decision \
      request; --weights replaces its weights. Around it one weight varies while the others share \
      the rest, and edges are where the decision changes. The nearest rule is the one of a \
      catalogue that decides most like the policy on states that the policy visits.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @OptionGroup var path: PathOptions

  @Option(help: "Weights of the portfolio, one per asset, for example 0.7,0.3.")
  var weights: String?

  @Option(help: "A file with a decision request; then no episode is played to reach the state.")
  var request: String?

  @Option(help: "The step, counted from 0; the policy's first trade if absent.")
  var step: Int?

  @Option(help: "The file for a figure of the decisions, FILE.svg.")
  var figure: String?

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    if request != nil, weights != nil || step != nil || path.episode != 0 {
      throw ValidationError("--request is a state; --weights, --step and --episode make another")
    }
    if let figure, !figure.hasSuffix(".svg") {
      throw ValidationError("--figure \(figure): the file's name must end in .svg")
    }
  }

  func run() throws {
    let task = try environment.load().task
    let policy = try PolicyReference.policy(path.policy, for: task)
    let explanation = try Explanation(
      task, policy: policy, at: state(task, policy), seed: path.seed)
    let drawn = try figure.map { try draw(explanation, to: $0) }
    if json { return try printJSON(explanation) }
    print(explanation.text)
    if let figure, let drawn {
      print(drawn ? "\nwritten to \(figure)" : "\nNo figure: gnuplot-nox is not installed")
    }
  }

  private func state(_ task: RebalancingTask, _ policy: any Trigger) throws -> ExplainedState {
    if let request {
      guard let data = FileManager.default.contents(atPath: request) else {
        throw SpecError(file: request, "no file is there, or it cannot be read")
      }
      return try ExplainedState(request: data, for: task, policy: policy)
    }
    return try ExplainedState(
      task, policy: policy, seed: path.seed, episode: path.episode, step: step,
      weights: numbers(task))
  }

  private func numbers(_ task: RebalancingTask) throws -> [Double]? {
    try weights?.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let number = Double(text.trimmingCharacters(in: .whitespaces)) else {
        throw ValidationError("--weights: “\(text)” is no number; 0.7,0.3 is valid for two assets")
      }
      return number
    }
  }

  /// - Returns: whether gnuplot is there to draw it.
  private func draw(_ explanation: Explanation, to path: String) throws -> Bool {
    guard let svg = try explanation.figure.svg() else { return false }
    try Data(svg.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    return true
  }
}
