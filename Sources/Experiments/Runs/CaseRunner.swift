import Deployment
import Foundation
import Learning
import Markets
import Oracles
import Rebalancing
import Statistics

/// Runs one case of an experiment: train, score, record.
struct CaseRunner {
  let plan: CasePlan
  /// The folder of its trainings.
  let folder: URL
  let runner: ExperimentRunner
  let store: RunStore

  private var spec: ExperimentCase { plan.spec }

  /// What a case came to.
  struct Outcome {
    var result: CaseResult
    /// Of a case that does not walk.
    var entrants: [Entrant]
  }

  func run() throws -> Outcome {
    switch plan.stage {
    case .whole(let environment, let training):
      let entrants = rules + (try train(training, in: folder, fold: -1))
      var result = CaseResult(name: spec.name, environment: environment.task.id)
      try score(entrants, on: environment, fold: -1, &result)
      for replay in plan.replays {
        runner.report("\nThe same policies on real data: \(replay.task.id)")
        let evaluation = try sampled(
          entrants, on: replay, stage: replay.task.id, fold: -1, episodes: 1)
        runner.report(evaluation.table)
        result.replays.append(evaluation)
        result.findings += try SanityGate.findings(
          entrants, lookingAheadOn: replay.task, caseName: spec.name, seed: spec.evaluationSeed)
      }
      return Outcome(result: result, entrants: entrants)
    case .walk(let walk):
      return Outcome(result: try self.walk(walk), entrants: [])
    }
  }

  /// Trains before every test set, and then sends each policy through all of them.
  private func walk(_ walk: WalkStage) throws -> CaseResult {
    var choices: [(first: CalendarDate, entrants: [Entrant])] = []
    var tests: [WalkForward.TestSet] = []
    for fold in walk.folds {
      let chosen = try fold.choose { set in
        try train(
          walk.training(set), in: folder.appending(path: CasePlan.folder(ofFold: fold.number)),
          fold: fold.number)
      }
      choices.append((walk.firstDay(of: chosen.test), chosen.choice))
      tests.append(chosen.test)
    }
    let entrants = rules + Entrant.walking(choices)
    let test = try walk.test(tests)
    var result = CaseResult(name: spec.name, environment: test.task.id)
    let evaluation = try sampled(
      entrants, on: test, stage: "walk_forward", fold: -1, episodes: spec.episodes)
    result.walk = CaseResult.Walk(folds: tests.count, evaluation: evaluation)
    runner.report(
      "\(tests.count) test sets, \(evaluation.firstDate) to \(evaluation.lastDate), each after what was "
        + "trained on; one portfolio goes through all")
    let scores = try scores("walk_forward")
    try stand(scores, stage: "walk_forward", stepsPerYear: walk.stepsPerYear, &result)
    result.findings += try SanityGate.findings(
      entrants, lookingAheadOn: test.task, caseName: spec.name, seed: spec.evaluationSeed)
    result.sharpe = SharpeStandings(
      caseName: spec.name, scores: scores, yardstick: result.standings.last?.yardstick,
      trials: try store.trials(ofCase: spec.name), stepsPerYear: walk.stepsPerYear)
    if let sharpe = result.sharpe { runner.report("\n" + sharpe.table) }
    return result
  }

  private var rules: [Entrant] {
    spec.rules.map { Entrant(name: $0, family: $0, seed: nil, checkpoint: nil) }
  }

  // MARK: - Training

  private func train(
    _ environment: EnvironmentSpec, in folder: URL, fold: Int
  ) throws -> [Entrant] {
    try plan.agents.flatMap { agent in
      let runs = plan.trainings(of: agent, on: environment, in: folder)
      let open = runs.filter { !$0.isFinished }
      if !open.isEmpty {
        let title = (spec.name == "all" ? "" : spec.name + " ") + agent.name
        let options = runner.options(title, agent.spec.totalSteps, open.count)
        let results = SeedSweep(open, threads: runner.workers).run { index in
          var options = options(index)
          options.resumes = open[index].isResumable
          return options
        }
        for result in results where try result.get() == .stopped { throw ExperimentStopped() }
      }
      return try runs.map { run in
        let checkpoint = try Checkpoint<RunRecord>(contentsOf: run.folder)
        let entrant = Entrant(
          name: "\(agent.name)-seed-\(run.seed)", family: agent.name, seed: run.seed,
          checkpoint: checkpoint)
        try store.record(
          StoredTraining(run, entrant, caseName: spec.name, fold: fold, below: runner.output))
        return entrant
      }
    }
  }

  // MARK: - Scores

  private func score(
    _ entrants: [Entrant], on environment: EnvironmentSpec, fold: Int, _ result: inout CaseResult
  ) throws {
    let task = environment.task
    if spec.scores.contains(.exact) {
      runner.report("\nExact scores on \(task.id)")
      let evaluation: ExactEvaluation = try kept(
        entrants, environment, stage: "exact", fold: fold, parts: []
      ) {
        var evaluation = try ExactEvaluation(
          task, policies: try entrants.map { try $0.policy(for: task) })
        for (index, entrant) in entrants.enumerated() {
          evaluation.policies[index].name = entrant.name
        }
        return (
          evaluation,
          entrants.enumerated().map { $1.score(evaluation.policies[$0], evaluation.optimum) }
        )
      }
      runner.report(evaluation.table)
      result.exact = evaluation
      result.findings += SanityGate.findings(in: evaluation, on: task, caseName: spec.name)
      if entrants.contains(where: { $0.seed != nil }) {
        try stand(scores("exact"), stage: "exact", stepsPerYear: task.stepsPerYear, &result)
      }
    }
    if !spec.scores.isDisjoint(with: [.sampled, .bound]) {
      runner.report("\nThe same policies on \(spec.episodes) sampled paths")
      let evaluation = try sampled(
        entrants, on: environment, stage: "sampled", fold: fold, episodes: spec.episodes)
      result.sampled = evaluation
      let bound = spec.scores.contains(.bound) ? try bound(on: environment) : nil
      try stand(
        scores("sampled"), stage: "sampled", stepsPerYear: task.stepsPerYear, bound: bound, &result)
      result.findings += try SanityGate.findings(
        entrants, lookingAheadOn: task, caseName: spec.name, seed: spec.evaluationSeed)
      result.findings += try SanityGate.findings(
        entrants, belowTheFloorOn: task, caseName: spec.name, seed: spec.evaluationSeed,
        workers: runner.workers)
      if let standings = result.standings.last {
        result.findings += SanityGate.findings(below: standings, optimumOf: task)
      }
    }
  }

  private func scores(_ stage: String) throws -> [StoredScore] {
    try store.scores(EvaluationKey(caseName: spec.name, stage: stage))
  }

  private func stand(
    _ scores: [StoredScore], stage: String, stepsPerYear: Double, bound: [Double]? = nil,
    _ result: inout CaseResult
  ) throws {
    let standings = try Standings(
      caseName: spec.name, stage: stage, scores: scores, stepsPerYear: stepsPerYear, bound: bound,
      seed: spec.evaluationSeed, workers: runner.workers)
    runner.report("\n" + standings.table)
    result.standings.append(standings)
    result.findings += SanityGate.findings(below: standings)
  }

  /// A certified lower bound on the cost of each path, a fraction of value.
  private func bound(on environment: EnvironmentSpec) throws -> [Double] {
    let (episodes, seed, workers) = (spec.episodes, spec.evaluationSeed, runner.workers)
    return try kept(
      [], environment, stage: "bound", fold: -1, parts: ["\(episodes)", "\(seed)"]
    ) {
      let bound = try LowerBound(
        environment.task, episodes: episodes, seed: seed, workers: workers)
      return (bound.costs, [])
    }
  }

  private func sampled(
    _ entrants: [Entrant], on environment: EnvironmentSpec, stage: String, fold: Int, episodes: Int
  ) throws -> SampledEvaluation {
    let (seed, workers) = (spec.evaluationSeed, runner.workers)
    return try kept(
      entrants, environment, stage: stage, fold: fold, parts: ["\(episodes)", "\(seed)"]
    ) {
      var evaluation = SampledEvaluation(
        environment.task, policies: try entrants.map { try $0.policy(for: environment.task) },
        episodes: episodes, seed: seed, workers: workers, comparesPairs: false)
      for (index, entrant) in entrants.enumerated() {
        evaluation.policies[index].name = entrant.name
      }
      let scores = entrants.enumerated().map { index, entrant -> StoredScore in
        var score = entrant.score(evaluation.policies[index], evaluation.samples[index])
        score.returns = evaluation.returns[index]
        return score
      }
      return (evaluation, scores)
    }
  }

  /// An evaluation that is in the store, or the one that is made now and recorded. What a program made
  /// whose commit does not tell its code is not trusted.
  ///
  /// - Parameter parts: what it depends on besides environment, policies and program.
  private func kept<Evaluation: Codable>(
    _ entrants: [Entrant], _ environment: EnvironmentSpec, stage: String, fold: Int,
    parts: [String], _ make: () throws -> (Evaluation, [StoredScore])
  ) throws -> Evaluation {
    let key = EvaluationKey(caseName: spec.name, stage: stage, fold: fold)
    let provenance = Provenance.current
    let commit = provenance.commit
    let all =
      [commit, environment.sha256] + parts
      + entrants.flatMap { entrant in
        [entrant.name]
          + entrant.choices.flatMap { choice in
            let record = choice.checkpoint.record
            return [
              record.environment.sha256, record.agent.sha256, record.provenance.commit,
              choice.first?.description ?? "",
            ]
          }
      }
    let digest = sha256(Data(all.joined(separator: "\n").utf8))
    if provenance.tellsCode, let document = try store.document(key, digest: digest),
      let evaluation = try? JSONDecoder().decode(Evaluation.self, from: document)
    {
      return evaluation
    }
    let (evaluation, scores) = try make()
    try store.record(
      key, environment: environment.task.id, digest: digest, commit: commit,
      document: try JSONEncoder().encode(evaluation), scores: scores)
    return evaluation
  }
}
