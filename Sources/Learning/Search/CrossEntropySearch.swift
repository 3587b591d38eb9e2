import Algebra

/// What a search may choose.
public enum SearchParameter: Sendable, Hashable {
  /// A number between two bounds.
  case range(low: Double, high: Double)
  /// One of so many, by number.
  case choice(count: Int)
}

/// How a candidate did on some episodes.
public struct CandidateScore: Sendable, Hashable {
  /// Environment steps that it took.
  public var steps: Int
  /// Sum of the rewards.
  public var reward: Double

  public init(steps: Int, reward: Double) {
    self.steps = steps
    self.reward = reward
  }
}

/// What a search is about: a rule with parameters, and how well it does.
public protocol SearchProblem: Sendable {
  var parameters: [SearchParameter] { get }
  /// The rule in words.
  func rule(_ values: [Double]) -> String
  /// Plays episodes by number; all candidates see the same ones. nil for values that make no rule.
  func play(_ values: [Double], episodes: Range<Int>) -> CandidateScore?
}

/// Cross-entropy search over the parameters of a rule (Rubinstein 1999; de Boer et al. 2005).
///
/// A generation is drawn from independent normals within the ranges, and from probabilities of the
/// choices; it plays the same episodes, new ones in every generation; means, deviations and
/// frequencies of the best are what the next one is drawn from. What is found is the average of the
/// means, later ones weighing more: it settles where single means still move with the noise.
public struct CrossEntropySearch<Problem: SearchProblem>: Learner {
  public let configuration: CrossEntropyConfiguration
  public private(set) var stepsDone = 0
  private let problem: Problem
  private let random: RandomSource
  private var generation = 0
  private var marginals: [Marginal]

  /// What one parameter is drawn from.
  private struct Marginal: Sendable {
    /// Of a range's number, the range as 0 to 1.
    var mean = 0.5
    var deviation = 0.5
    /// The average over generations of the mean, weighted by their numbers.
    var average = 0.5
    /// Of a choice.
    var probabilities: [Double] = []
  }

  /// One set of parameters, on the range's or choice's own scale.
  private struct Candidate: Sendable {
    var number: Int
    var values: [Double]
    var score: CandidateScore?

    /// The mean reward per step.
    var reward: Double {
      score.map { $0.reward / Double(max($0.steps, 1)) } ?? -.infinity
    }

    /// Whether it did better; of equals the one drawn first.
    func isBetter(than other: Candidate) -> Bool {
      reward != other.reward ? reward > other.reward : number < other.number
    }
  }

  public init(
    configuration: CrossEntropyConfiguration, seed: UInt64, problem: Problem
  ) throws(LearningConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    self.problem = problem
    random = RandomSource(seed: seed)
    marginals = problem.parameters.map {
      guard case .choice(let count) = $0 else { return Marginal() }
      return Marginal(probabilities: Array(repeating: 1 / Double(count), count: count))
    }
  }

  public var policy: LearnedPolicy { .rule(problem.rule(found)) }

  /// The average mean of every number, the likeliest of every choice.
  public var found: [Double] {
    zip(problem.parameters, marginals).map { parameter, marginal in
      switch parameter {
      case .range(let low, let high): low + (high - low) * marginal.average
      case .choice:
        Double(
          marginal.probabilities.firstIndex(of: marginal.probabilities.max() ?? 0) ?? 0)
      }
    }
  }

  public mutating func update(workers: Int) -> UpdateReport {
    var candidates = (0..<configuration.population).map {
      Candidate(number: $0, values: draw($0))
    }
    let (problem, count) = (problem, configuration.episodes)
    let episodes = generation * count..<(generation + 1) * count
    forEachConcurrently(in: &candidates, workers: workers) { _, candidate in
      candidate.score = problem.play(candidate.values, episodes: episodes)
    }
    let played = candidates.filter { $0.score != nil }
    let elites = Array(played.sorted { $0.isBetter(than: $1) }.prefix(configuration.elites))
    if !elites.isEmpty { learn(from: elites) }
    let steps = played.reduce(0) { $0 + ($1.score?.steps ?? 0) }
    let reward = played.reduce(0.0) { $0 + ($1.score?.reward ?? 0) }
    let eliteReward = elites.reduce(0.0) { $0 + $1.reward }
    // A generation without a rule takes no steps; it must not go on for ever.
    stepsDone = steps > 0 ? stepsDone + steps : configuration.totalSteps
    generation += 1
    return UpdateReport(
      stepsDone: stepsDone, meanReward: reward / Double(max(steps, 1)),
      figures: [
        "elite_reward": eliteReward / Double(max(elites.count, 1)),
        "deviation": marginals.map(\.deviation).max() ?? 0,
      ])
  }

  /// Falls linearly to 0 with the steps (Szita and Lőrincz 2006): without it deviations close in on
  /// whatever the first generations liked.
  private var extraDeviation: Double {
    let done = Double(stepsDone) / Double(configuration.totalSteps)
    return configuration.extraDeviation * max(1 - done, 0)
  }

  private func draw(_ candidate: Int) -> [Double] {
    problem.parameters.indices.map { index in
      let (copy, step) = (UInt32(candidate), UInt32(index))
      let marginal = marginals[index]
      switch problem.parameters[index] {
      case .range(let low, let high):
        let normals: (Double, Double, Double, Double) = random.normals(
          .exploration, copy: copy, episode: UInt32(generation), step: step, draw: 0)
        let place = min(
          max(marginal.mean + (marginal.deviation + extraDeviation) * normals.0, 0), 1)
        return low + (high - low) * place
      case .choice(let count):
        let uniform = random.uniform(
          .exploration, copy: copy, episode: UInt32(generation), step: step)
        var (sum, choice) = (marginal.probabilities[0], 0)
        while uniform >= sum, choice < count - 1 {
          choice += 1
          sum += marginal.probabilities[choice]
        }
        return Double(choice)
      }
    }
  }

  private mutating func learn(from elites: [Candidate]) {
    // The first generation is drawn from everywhere: nothing of it is kept.
    let share = generation == 0 ? 1 : configuration.smoothing
    for (index, parameter) in problem.parameters.enumerated() {
      switch parameter {
      case .range(let low, let high):
        let places = RunningStatistics(
          elites.map { ($0.values[index] - low) / max(high - low, .leastNormalMagnitude) })
        marginals[index].mean += share * (places.mean - marginals[index].mean)
        marginals[index].deviation +=
          share * (places.standardDeviation - marginals[index].deviation)
        // Weights 1, 2, 3, …: the n-th makes up 2/(n + 1) of all so far.
        let weight = 2 / Double(generation + 2)
        marginals[index].average += weight * (marginals[index].mean - marginals[index].average)
      case .choice(let count):
        for choice in 0..<count {
          let wins = elites.count { $0.values[index] == Double(choice) }
          let frequency = Double(wins) / Double(elites.count)
          marginals[index].probabilities[choice] +=
            share * (frequency - marginals[index].probabilities[choice])
        }
      }
    }
  }
}

// MARK: - Saving

extension CrossEntropySearch {
  public func trainingTensors() -> [String: Tensor] {
    var tensors = [
      "counters": Tensor([stepsDone, generation].map(Int64.init)),
      "seed": Tensor([random.seed]),
      "means": Tensor(marginals.map(\.mean)),
      "deviations": Tensor(marginals.map(\.deviation)),
      "averages": Tensor(marginals.map(\.average)),
    ]
    for (index, marginal) in marginals.enumerated() where !marginal.probabilities.isEmpty {
      tensors["probabilities.\(index)"] = Tensor(marginal.probabilities)
    }
    return tensors
  }

  public mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError) {
    let reader = TensorReader(tensors: trainingTensors)
    try reader.check(seedOf: random)
    var restored = self
    let means: [Double] = try reader.values("means", shape: [marginals.count])
    let deviations: [Double] = try reader.values("deviations", shape: [marginals.count])
    let averages: [Double] = try reader.values("averages", shape: [marginals.count])
    for index in marginals.indices {
      restored.marginals[index].mean = means[index]
      restored.marginals[index].average = averages[index]
      restored.marginals[index].deviation = deviations[index]
      let count = marginals[index].probabilities.count
      if count > 0 {
        try reader.read(
          "probabilities.\(index)", shape: [count],
          into: &restored.marginals[index].probabilities)
      }
    }
    let counters = try reader.counters(count: 2)
    (restored.stepsDone, restored.generation) = (counters[0], counters[1])
    guard restored.policy == policy else {
      throw LearnerStateError("the policy is not what this search had found")
    }
    self = restored
  }
}
