import Learning
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
}
