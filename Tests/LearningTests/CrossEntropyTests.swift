import Algebra
import Learning
import Synchronization
import Testing

/// A bowl with its best at 0.3 and the word 2, under noise that all candidates share.
private struct Bowl: SearchProblem {
  var parameters: [SearchParameter] { [.range(low: -1, high: 1), .choice(count: 3)] }
  func rule(_ values: [Double]) -> String { "bowl(\(values[0]),\(Int(values[1])))" }
  func play(_ values: [Double], episodes: Range<Int>) -> CandidateScore? {
    guard values[0] > -0.9 else { return nil }
    let distance = (values[0] - 0.3) * (values[0] - 0.3) + abs(values[1] - 2) * 0.1
    let noise = Double(episodes.lowerBound % 7)
    return CandidateScore(steps: 10 * episodes.count, reward: (noise - distance) * 10)
  }
}

@Suite struct CrossEntropyTests {
  private func search() throws -> CrossEntropySearch<Bowl> {
    var configuration = CrossEntropyConfiguration()
    configuration.totalSteps = 600_000
    return try CrossEntropySearch(configuration: configuration, seed: 1, problem: Bowl())
  }

  @Test func `the best parameters are found, whatever the noise that all share`() throws {
    var search = try search()
    Training(totalSteps: 600_000).run(&search)
    #expect(abs(search.found[0] - 0.3) < 0.01)
    #expect(search.found[1] == 2)
    #expect(search.policy == .rule("bowl(\(search.found[0]),2)"))
  }

  @Test func `every step of every candidate counts and refused candidates take none`() throws {
    var search = try search()
    let report = search.update(workers: 1)
    #expect(report.stepsDone == search.stepsDone)
    #expect(report.stepsDone % 320 == 0 && report.stepsDone > 0 && report.stepsDone < 32 * 320)
  }

  @Test func `an interrupted search ends in the same bits, for any number of workers`() throws {
    var straight = try search()
    for _ in 0..<5 { _ = straight.update(workers: 2) }
    var first = try search()
    for _ in 0..<2 { _ = first.update(workers: 1) }
    var second = try search()
    let file = try Safetensors(decoding: first.policy.safetensors.encoded())
    try second.restore(policy: LearnedPolicy(file), trainingTensors: first.trainingTensors())
    for _ in 0..<3 { _ = second.update(workers: 1) }
    #expect(second.trainingTensors() == straight.trainingTensors())
    #expect(second.policy == straight.policy)
  }

  /// What was drawn, generation by generation.
  private final class Record: Sendable {
    let generations = Mutex<[[Double]]>([])
  }

  private struct Recorded: SearchProblem {
    let record: Record
    var parameters: [SearchParameter] { [.range(low: 0, high: 2)] }
    func rule(_ values: [Double]) -> String { "\(values[0])" }
    func play(_ values: [Double], episodes: Range<Int>) -> CandidateScore? {
      record.generations.withLock { generations in
        if generations.count == episodes.lowerBound { generations.append([]) }
        generations[episodes.lowerBound].append(values[0])
      }
      return CandidateScore(steps: 1, reward: -abs(values[0] - 0.7))
    }
  }

  @Test func `a generation is drawn around the elites of those before`() throws {
    var configuration = CrossEntropyConfiguration()
    (configuration.population, configuration.elites, configuration.episodes) = (50, 5, 1)
    (configuration.smoothing, configuration.extraDeviation) = (0.25, 0)
    let record = Record()
    var search = try CrossEntropySearch(
      configuration: configuration, seed: 4, problem: Recorded(record: record))
    for _ in 0..<2 { _ = search.update(workers: 1) }
    // Places in the range 0 to 2.
    let elites = record.generations.withLock { generations in
      generations.map { drawn in
        RunningStatistics(
          drawn.sorted { abs($0 - 0.7) < abs($1 - 0.7) }.prefix(5).map { $0 / 2 })
      }
    }
    let mean = elites[0].mean + 0.25 * (elites[1].mean - elites[0].mean)
    let deviation =
      elites[0].standardDeviation
      + 0.25 * (elites[1].standardDeviation - elites[0].standardDeviation)
    let saved = search.trainingTensors()
    let means = try #require(saved["means"]?.values(as: Double.self))
    let deviations = try #require(saved["deviations"]?.values(as: Double.self))
    #expect(abs(means[0] - mean) < 1e-12)
    #expect(abs(deviations[0] - deviation) < 1e-12)
    // Weights 1 and 2.
    #expect(abs(search.found[0] - 2 * (elites[0].mean + 2 * mean) / 3) < 1e-12)
  }

  @Test func `what is added to deviations keeps a generation apart and is gone at the end`() throws
  {
    var configuration = CrossEntropyConfiguration()
    // A single elite has no deviation of its own.
    (configuration.population, configuration.elites, configuration.episodes) = (20, 1, 1)
    (configuration.smoothing, configuration.extraDeviation) = (1, 0.1)
    configuration.totalSteps = 60
    let record = Record()
    var search = try CrossEntropySearch(
      configuration: configuration, seed: 4, problem: Recorded(record: record))
    for _ in 0..<4 { _ = search.update(workers: 1) }
    let spreads = record.generations.withLock { generations in
      generations.map { RunningStatistics($0).standardDeviation }
    }
    #expect(spreads[1] > 0.04 && spreads[2] > 0.02 && spreads[3] == 0)
  }
}
