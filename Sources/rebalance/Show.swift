import ArgumentParser
import Experiments

struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe an environment: its spaces, market, costs, taxes, and speed here.",
    discussion: "Example: rebalance show four-asset-r1-v0 --set half_spread_bp=5")

  @Argument(help: "The environment: its file, or its name in envs/.")
  var env: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Override a key of the specification; repeatable.", valueName: "key=value"))
  var overrides: [String] = []

  @Flag(help: "Print a JSON document.")
  var json = false

  func run() throws {
    let path = try EnvironmentName.path(env)
    let task = try EnvironmentSpec(path: path, overrides: overrides).task
    let description = TaskDescription(task)
    let timing = StepTiming(task)
    if json { return try printJSON(Document(description: description, timing: timing)) }
    print(description.text)
    print(
      "\none step here: scalar \(timing.scalar.fixed(0)) ns, batched \(timing.batched.fixed(1)) ns "
        + "(\(timing.copies) copies, one thread)")
  }

  /// The description and, beside its keys, the timing.
  private struct Document: Encodable {
    var description: TaskDescription
    var timing: StepTiming

    enum CodingKeys: String, CodingKey { case timing = "step_time" }

    func encode(to encoder: any Encoder) throws {
      try description.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(timing, forKey: .timing)
    }
  }
}
