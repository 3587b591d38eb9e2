import Foundation
public import Markets

/// One environment of an experiment, who plays on it, and how they are scored.
public struct ExperimentCase: Sendable {
  /// `all` where the experiment has one case.
  public let name: String
  /// The file of the environment, from the repository's top.
  public let environment: String
  /// `key=value` each, for the environment.
  public let overrides: [String]
  /// Those of them that are of a point of the experiment's `grid`.
  public let gridPoint: [String]
  /// Further ones for the environment that agents train on.
  public let trainingOverrides: [String]
  /// Files of agents, each trained once for each seed.
  public let agents: [String]
  /// `key=value` each, for the agents of some names.
  public let agentOverrides: [String: [String]]
  public let seeds: [UInt64]
  /// Rules that do not train, as `rule:…`.
  public let rules: [String]
  public let scores: Set<Score>
  /// Paths of the sampled comparison, on seeds that no training has seen.
  public let episodes: Int
  public let evaluationSeed: UInt64
  /// Environments of real data on which the same policies are played.
  public let replays: [String]
  /// Train and test again and again along the environment's data.
  public let walkForward: WalkForwardPlan?

  /// How policies are scored.
  public enum Score: String, Sendable, Hashable, CaseIterable {
    /// By the law of a two-asset chain.
    case exact
    /// On the same sampled paths.
    case sampled
    /// As sampled, beside a certified lower bound on the cost.
    case bound
  }
}

/// How a timeline of data is cut; see `WalkForward`. Lengths are in steps of the data.
public struct WalkForwardPlan: Sendable, Hashable {
  public let train: Int
  public let test: Int
  public let purge: Int
  public let embargo: Int
  public let isRolling: Bool
  /// The first day of the first test set is on it or later.
  public let testsBegin: CalendarDate?

  package init(
    train: Int, test: Int, purge: Int = 0, embargo: Int = 0, isRolling: Bool = false,
    testsBegin: CalendarDate? = nil
  ) {
    (self.train, self.test, self.purge, self.embargo) = (train, test, purge, embargo)
    (self.isRolling, self.testsBegin) = (isRolling, testsBegin)
  }
}

// MARK: - Reading

extension ExperimentCase {
  /// The cases of one map: one, or one for each point of its `grid`.
  static func cases(
    _ value: SpecValue, file: String, isAlone: Bool
  ) throws -> [ExperimentCase] {
    var reader = try SpecReader(value, file: file)
    let name = isAlone && !reader.has("name") ? nil : try reader.string("name")
    guard let grid = reader.optional("grid") else {
      return [try ExperimentCase(name ?? "all", [], &reader)]
    }
    guard case .map(let axes) = grid.content, !axes.isEmpty else {
      throw reader.fault("grid", "keys of the environment with lists of values are expected")
    }
    var points: [[String]] = [[]]
    for key in axes.keys.sorted() {
      guard case .list(let values) = axes[key]?.content, !values.isEmpty else {
        throw reader.fault("grid", "\(key): a list of values is expected")
      }
      let settings = try values.map { "\(key)=\(try $0.inlineText())" }
      points = points.flatMap { point in settings.map { point + [$0] } }
    }
    return try points.map { point in
      var own = reader
      let label = ([name].compactMap { $0 } + point).joined(separator: " ")
      return try ExperimentCase(label, point, &own)
    }
  }

  private init(_ name: String, _ point: [String], _ reader: inout SpecReader) throws {
    self.name = name
    environment = try reader.string("environment")
    overrides = try reader.settings("set") + point
    gridPoint = point
    trainingOverrides = try reader.settings("train_set")
    agents = reader.has("agents") ? try reader.strings("agents") : []
    agentOverrides = try reader.agentSettings("set_agents")
    var seeds: [UInt64] = []
    for seed in reader.has("seeds") ? try reader.numbers("seeds") : [] {
      guard let whole = UInt64(exactly: seed) else {
        throw reader.fault("seeds", "\(seed) is given, whole numbers of at least 0 are valid")
      }
      seeds.append(whole)
    }
    guard agents.isEmpty || !seeds.isEmpty else {
      throw reader.fault("seeds", "at least one is needed")
    }
    guard Set(seeds).count == seeds.count else { throw reader.fault("seeds", "one stands twice") }
    self.seeds = seeds
    rules = reader.has("rules") ? try reader.strings("rules") : []
    guard Set(rules).count == rules.count else { throw reader.fault("rules", "one stands twice") }
    guard !agents.isEmpty || !rules.isEmpty else {
      throw reader.fault("rules", "at least one agent or rule is needed")
    }
    scores = try reader.choices("scores", or: [.exact, .sampled])
    let isSampled = scores != [.exact]
    let isWalk = reader.has("walk_forward")
    // A case that needs none may stand beside others that do.
    if !isSampled { _ = reader.has("evaluation_seed") }
    if !isSampled || isWalk { _ = reader.has("episodes") }
    // A walk is one path.
    episodes = isWalk ? 1 : isSampled ? try reader.int("episodes", in: 2..., "2 or more") : 0
    evaluationSeed =
      isSampled ? UInt64(try reader.int("evaluation_seed", in: 0..., "0 or more")) : 0
    guard !isSampled || !seeds.contains(evaluationSeed) else {
      throw reader.fault(
        "evaluation_seed", "\(evaluationSeed) is a training seed, another is valid")
    }
    replays = reader.has("replays") ? try reader.strings("replays") : []
    walkForward = try reader.optional("walk_forward").map {
      try WalkForwardPlan($0, file: reader.file)
    }
    guard walkForward == nil || (scores == [.sampled] && trainingOverrides.isEmpty) else {
      throw reader.fault(
        "walk_forward", "agents train and are scored on the data: scores: [sampled], no train_set")
    }
    try reader.finish()
  }
}

extension WalkForwardPlan {
  fileprivate init(_ value: SpecValue, file: String) throws(SpecError) {
    var reader = try SpecReader(value, file: file)
    let valid = "a whole number of steps"
    train = try reader.int("train_steps", in: 1..., valid)
    test = try reader.int("test_steps", in: 1..., valid)
    purge = try reader.int("purge_steps", or: 0, in: 0..., valid)
    embargo = try reader.int("embargo_steps", or: 0, in: 0..., valid)
    testsBegin = try reader.date("tests_begin")
    let window: Window = try reader.choice("window", or: .expanding)
    isRolling = window == .rolling
    try reader.finish()
  }

  private enum Window: String, CaseIterable { case expanding, rolling }
}

extension SpecReader {
  /// A map of settings as `key=value` each.
  fileprivate mutating func settings(_ key: String) throws -> [String] {
    guard let value = optional(key) else { return [] }
    guard case .map(let settings) = value.content else {
      throw fault(key, "keys with values are expected, \(value.content.words) is given")
    }
    return try settings.keys.sorted().map { name in
      "\(name)=\(try settings[name]?.inlineText() ?? "")"
    }
  }

  /// A map of such maps: an agent's name leads to its settings.
  fileprivate mutating func agentSettings(_ key: String) throws -> [String: [String]] {
    guard let value = optional(key) else { return [:] }
    guard case .map(let agents) = value.content else {
      throw fault(key, "names of agents with their keys are expected")
    }
    var inner = try SpecReader(value, file: file)
    return try agents.keys.sorted().reduce(into: [:]) { $0[$1] = try inner.settings($1) }
  }

  /// A list of an enumeration's raw values.
  fileprivate mutating func choices<Choice: CaseIterable & RawRepresentable<String> & Hashable>(
    _ key: String, or standard: Set<Choice>
  ) throws(SpecError) -> Set<Choice> {
    guard has(key) else { return standard }
    var choices: Set<Choice> = []
    for text in try strings(key) {
      guard let choice = Choice(rawValue: text) else {
        let valid = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault(key, "“\(text)” is given, valid are \(valid)")
      }
      choices.insert(choice)
    }
    guard !choices.isEmpty else { throw fault(key, "at least one is needed") }
    return choices
  }
}
