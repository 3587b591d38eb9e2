import Foundation
import Oracles
package import Rebalancing
import Statistics

/// What no honest figure can be: better than the best possible, or dependent on what is yet to come.
///
/// A finding means look-ahead or a fault, and fails the report.
public enum SanityGate {
  /// A figure that cannot be.
  public struct Finding: Sendable, Hashable, Codable, CustomStringConvertible {
    public var caseName: String
    public var policy: String
    public var problem: String

    enum CodingKeys: String, CodingKey {
      case policy, problem
      case caseName = "case"
    }

    public var description: String { "\(caseName), \(policy): \(problem)" }
  }

  /// Percent below the exact optimum that the rounding of its grid explains.
  static let exactTolerance = 0.02
  /// Standard errors below an optimum or a certified bound that chance explains.
  static let boundTolerance = 3.0

  /// Gaps below the optimum; on a market without drift also products below the floor.
  package static func findings(
    in evaluation: ExactEvaluation, on task: RebalancingTask? = nil, caseName: String
  ) -> [Finding] {
    let floor = task.flatMap { try? FloorCheck($0) }
    return evaluation.policies.flatMap { row -> [Finding] in
      var problems: [String] = []
      if let gap = row.gap, gap < -exactTolerance {
        problems.append(
          "\((-gap).fixed(3)) % below the exact optimum, more than \(exactTolerance) %")
      }
      if case .fails(let words)? = floor?.verdict(row) { problems.append(words) }
      return problems.map { Finding(caseName: caseName, policy: row.name, problem: $0) }
    }
  }

  /// Costs below a certified bound by more than chance explains.
  package static func findings(below standings: Standings) -> [Finding] {
    standings.rows.compactMap { row in
      guard let gap = row.gapToBound, gap.standardError > 0,
        gap.estimate < -boundTolerance * gap.standardError
      else { return nil }
      return Finding(
        caseName: standings.caseName, policy: row.family,
        problem: "\((-gap.estimate).fixed(4)) bp a year below the certified lower bound, "
          + "\((-gap.estimate / gap.standardError).fixed(1)) standard errors")
    }
  }

  /// Sampled costs below the true optimum of the episode by more than chance explains, where the task
  /// is a two-asset chain.
  package static func findings(below standings: Standings, optimumOf task: RebalancingTask)
    -> [Finding]
  {
    guard let chain = try? TwoAssetChain(task) else { return [] }
    let optimum = chain.solve(.unrestricted, horizon: task.horizon).costPerYear
    return standings.rows.compactMap { row in
      guard let cost = row.cost, cost.standardError > 0,
        cost.estimate < optimum - boundTolerance * cost.standardError
      else { return nil }
      return Finding(
        caseName: standings.caseName, policy: row.family,
        problem: "\(cost.estimate.fixed(4)) bp a year on samples, the optimum over any trade is "
          + "\(optimum.fixed(4)): \(((optimum - cost.estimate) / cost.standardError).fixed(1)) standard "
          + "errors below")
    }
  }

  /// Policies whose tracking error and turnover are not possible without knowing what a model draws;
  /// none where the task is no market without drift.
  static func findings(
    _ entrants: [Entrant], belowTheFloorOn task: RebalancingTask, caseName: String, seed: UInt64,
    workers: Int
  ) throws -> [Finding] {
    guard let check = try? FloorCheck(task) else { return [] }
    return try entrants.compactMap { entrant in
      let verdict = check.play(
        try entrant.policy(for: task), on: task, seed: seed, workers: workers)
      guard case .fails(let words) = verdict else { return nil }
      return Finding(caseName: caseName, policy: entrant.name, problem: words)
    }
  }

  /// Policies that change when the future changes.
  static func findings(
    _ entrants: [Entrant], lookingAheadOn task: RebalancingTask, caseName: String, seed: UInt64
  ) throws -> [Finding] {
    try entrants.compactMap { entrant in
      try finding(of: entrant.name, lookingAheadOn: task, caseName: caseName, seed: seed) {
        try entrant.policy(for: $0)
      }
    }
  }

  /// What of one policy changes when the future changes.
  ///
  /// - Parameter policy: makes it for a task.
  package static func finding(
    of name: String, lookingAheadOn task: RebalancingTask, caseName: String, seed: UInt64,
    policy: (RebalancingTask) throws -> any Trigger
  ) throws -> Finding? {
    let check = try LookAheadCheck(task, seed: seed, policy: policy)
    return check.finding.map {
      Finding(caseName: caseName, policy: name, problem: $0.description)
    }
  }
}
