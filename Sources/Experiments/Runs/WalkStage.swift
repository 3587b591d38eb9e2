import Foundation
package import Markets
import Rebalancing
package import Statistics

/// The data of an environment, cut into folds to train and to test on.
///
/// Agents train on episodes of half the training set's length that begin on random days of it: short ones
/// from the target would flatter whoever trades rarely. So would a test from the target each time; every
/// policy is tested on the days of all test sets in one episode, its portfolio goes on from one to the
/// next. The environment of test sets can only be made with what `WalkForward` hands out after the
/// choices.
package struct WalkStage {
  package let folds: [WalkForward.Fold]
  let stepsPerYear: Double
  private let path: String
  private let overrides: [String]
  /// Of the whole data; decisions begin at `warmup`.
  private let dates: [CalendarDate]
  private let warmup: Int

  package init(
    _ plan: WalkForwardPlan, _ whole: EnvironmentSpec, path: String, overrides: [String]
  ) throws {
    guard case .historical(let market) = whole.task.market else {
      throw SpecError(file: path, "walk_forward: only a historical market has a timeline")
    }
    (self.path, self.overrides) = (path, overrides)
    stepsPerYear = whole.task.stepsPerYear
    (dates, warmup) = (market.history.dates, market.warmup)
    let all: [WalkForward.Fold]
    do {
      // The last day has no return to come.
      all = try WalkForward(
        count: dates.count - 1 - warmup, train: plan.train, validation: 0, test: plan.test,
        purge: plan.purge, embargo: plan.embargo, window: plan.isRolling ? .rolling : .expanding
      ).folds
    } catch { throw SpecError(file: path, "walk_forward: \(error)") }
    let (begin, dates, lead) = (plan.testsBegin, dates, warmup + plan.purge + plan.embargo)
    folds = all.filter { fold in
      begin.map { dates[fold.tuning.train.upperBound + lead] >= $0 } ?? true
    }
    guard !folds.isEmpty else {
      let last = dates.last?.description ?? "no day"
      throw SpecError(
        file: path,
        "walk_forward: tests_begin: no test of \(plan.test) steps begins on "
          + "\(begin?.description ?? "any day") or later in data to \(last)")
    }
  }

  /// The environment to train on.
  package func training(_ set: WalkForward.TuningSet) throws -> EnvironmentSpec {
    let horizon = max(1, set.train.count / 2)
    return try window(set.train, ["episode_start=random", "horizon_steps=\(horizon)"])
  }

  /// The environment to test on: one episode through test sets that follow each other.
  package func test(_ sets: [WalkForward.TestSet]) throws -> EnvironmentSpec {
    precondition(
      zip(sets, sets.dropFirst()).allSatisfy { $0.periods.upperBound == $1.periods.lowerBound },
      "test sets follow each other")
    guard let first = sets.first, let last = sets.last else {
      throw SpecError(file: path, "walk_forward: no test set is left")
    }
    let periods = first.periods.lowerBound..<last.periods.upperBound
    return try window(periods, ["episode_start=fixed", "horizon_steps=\(periods.count)"])
  }

  /// The day of the first decision on a test set.
  package func firstDay(of set: WalkForward.TestSet) -> CalendarDate {
    dates[warmup + set.periods.lowerBound]
  }

  private func window(_ periods: Range<Int>, _ settings: [String]) throws -> EnvironmentSpec {
    // The estimates warm up on the days before the first decision.
    let (first, last) = (dates[periods.lowerBound], dates[warmup + periods.upperBound])
    return try EnvironmentSpec(
      path: path, overrides: overrides + ["first_date=\(first)", "last_date=\(last)"] + settings)
  }
}
