import Foundation
import Rebalancing
import Statistics

/// One of the trainings of an experiment, which any machine may do: its files are the same everywhere.
public struct ExperimentTraining: Encodable, Sendable {
  /// Its place in the experiment, from 0.
  public let number: Int
  public let caseName: String
  /// −1 where the case does not walk forward.
  public let fold: Int
  public let agent: String
  public let seed: UInt64
  public let environment: String
  /// Environment steps.
  public let steps: Int
  /// Its folder below that of the results.
  public let folder: String
  /// Whether the folder holds it with all its steps.
  public let isFinished: Bool
  let run: TrainingRun

  enum CodingKeys: String, CodingKey {
    case number, fold, agent, seed, environment, steps, folder
    case caseName = "case"
    case isFinished = "finished"
  }
}

extension ExperimentRunner {
  /// The trainings of all cases, always in this order.
  public func trainings() throws -> [ExperimentTraining] {
    var all: [ExperimentTraining] = []
    for plan in try spec.cases.map({ try CasePlan($0, path: path) }) {
      for stage in try plan.trainingStages {
        let folder = stage.folder.map { self.folder(of: plan.spec).appending(path: $0) }
        for agent in plan.agents {
          for run in plan.trainings(
            of: agent, on: stage.environment, in: folder ?? self.folder(of: plan.spec))
          {
            all.append(
              ExperimentTraining(
                number: all.count, caseName: plan.spec.name, fold: stage.fold, agent: agent.name,
                seed: run.seed, environment: stage.environment.task.id,
                steps: agent.spec.totalSteps,
                folder: String(run.folder.path.dropFirst(output.path.count + 1)),
                isFinished: run.isFinished, run: run))
          }
        }
      }
    }
    return all
  }

  /// Does one of the trainings, or what is left of it; a finished one is left as it is.
  public func train(number: Int) throws {
    let all = try trainings()
    guard all.indices.contains(number) else {
      throw SpecError(
        file: spec.name, "there is no training \(number); valid are 0 to \(all.count - 1)")
    }
    let run = all[number].run
    guard !run.isFinished else { return }
    var options = options(run.folder.lastPathComponent, run.agent.totalSteps, 1)(0)
    options.resumes = run.isResumable
    options.workers = workers
    guard try run.run(options) == .finished else { throw ExperimentStopped() }
  }
}

extension CasePlan {
  /// Where agents train: an environment, and its folder below that of the case; one for each fold.
  struct TrainingStage {
    var fold: Int
    var environment: EnvironmentSpec
    var folder: String?
  }

  /// The stages in the order in which a run comes to them.
  var trainingStages: [TrainingStage] {
    get throws {
      switch stage {
      case .whole(_, let training): [TrainingStage(fold: -1, environment: training)]
      case .walk(let walk):
        try walk.folds.map { fold in
          TrainingStage(
            fold: fold.number, environment: try walk.training(fold.tuning),
            folder: Self.folder(ofFold: fold.number))
        }
      }
    }
  }

  static func folder(ofFold number: Int) -> String { "fold-\(number)" }
}
