import Algebra
import Deployment
import Experiments
import Foundation
import Gym
import Markets
import Rebalancing
import Testing

/// The repository's environments.
private let environments =
  ((try? FileManager.default.contentsOfDirectory(atPath: top.appending(path: "envs").path)) ?? [])
  .filter { $0.hasSuffix(".yaml") }.sorted()

/// An environment of the repository that shows everything which a request can say.
func watched(_ name: String) throws -> (task: RebalancingTask, facts: [Fact]) {
  var task = try EnvironmentSpec(path: top.appending(path: "envs/\(name)").path).task
  let facts = Fact.allCases.filter {
    $0 != .oracleRegime && ($0 != .regimeProbability || task.market.regimeCount > 0)
  }
  task.observation = ObservationBuilder(
    features: [
      .weightDeviation, .lastLogReturn, .unrealizedGain, .scaledDeviation(halfWidth: 0.05),
    ] + facts.map { .fact($0) },
    assetCount: task.assets.count, regimeCount: task.market.regimeCount)
  return (task, facts)
}

@Suite struct FactRequestTests {
  /// Steps each environment at random; at every decision its state goes through JSON as production
  /// would send it, and the observation built from that is the environment's own.
  ///
  /// Not always to the bit: weights come back from holdings, units from amounts, a lot's basis per unit
  /// from its sum, each with a rounding of its own.
  @Test(arguments: environments)
  func `a request shows the policy what the environment shows it`(name: String) throws {
    let (task, facts) = try watched(name)
    let columns = task.observation.columns
    let builder = try SnapshotFacts(FactConstants(decoding: FactConstants(task).encoded()))
    let source = RandomSource(seed: 9)
    var environment = RebalancingEnvironment<Double>(task, copy: 3)
    var seen = environment.reset(seed: 5)
    var (equal, all) = (0, 0)
    for step in 0..<min(300, task.horizon - 1) {
      let request = try JSONEncoder().encode(environment.request)
      let snapshot = try builder.complete(
        PortfolioSnapshot(request: request, for: task.assets), needing: facts)
      let built = try task.observation.observe(snapshot)
      for i in built.indices {
        all += 1
        if built[i] == seen[i] { equal += 1 }
        guard abs(built[i] - seen[i]) > 1e-6 * max(1, abs(seen[i])) else { continue }
        Issue.record("step \(step), \(columns[i].name): \(built[i]), not \(seen[i])")
        return
      }
      let chance = source.uniform(.evaluation, copy: 0, draw: step)
      seen = environment.step(Int(chance * Double(task.actionCount))).observation
    }
    #expect(Double(equal) > 0.99 * Double(all), "\(equal) of \(all) are equal to the bit")
  }

  @Test func `there are environments to look at`() { #expect(environments.count > 15) }

  @Test(arguments: environments)
  func `constants come back from their file as they were`(name: String) throws {
    let constants = FactConstants(try watched(name).task)
    #expect(try FactConstants(decoding: constants.encoded()) == constants)
    #expect(constants.defect == nil)
  }
}
