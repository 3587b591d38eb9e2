import Algebra
import Foundation
import Learning
import Testing

@Suite struct ActionSamplerTests {
  private let random = RandomSource(seed: 9)

  /// Thirty-two copies with the same scores.
  private let scores = Matrix(
    rows: 32, columns: 3, elements: (0..<96).map { [Float(0.5), 2, -1][$0 % 3] })

  @Test func `actions are drawn with the probabilities of the softmax`() {
    let weights = [exp(0.5), exp(2.0), exp(-1.0)]
    let sum = weights.reduce(0, +)
    var counts = [0.0, 0, 0]
    var sampler = ActionSampler(rows: 32, actionCount: 3)
    for step in 0..<1000 {
      sampler.draw(from: scores, random: random, firstCopy: 0, update: 2, step: UInt32(step))
      for (action, logProbability) in zip(sampler.actions, sampler.logProbabilities) {
        counts[Int(action)] += 1
        #expect(abs(Double(logProbability) - log(weights[Int(action)] / sum)) < 1e-6)
      }
    }
    for (count, weight) in zip(counts, weights) {
      let p = weight / sum
      #expect(abs(count / 32_000 - p) < 4 * (p * (1 - p) / 32_000).squareRoot())
    }
  }

  @Test func `a draw belongs to its copy, update and step, not to its group`() {
    func actions(_ firstCopy: Int, update: UInt32 = 0, step: UInt32 = 0) -> [Int32] {
      var sampler = ActionSampler(rows: 32, actionCount: 3)
      sampler.draw(
        from: scores, random: random, firstCopy: firstCopy, update: update, step: step)
      return sampler.actions
    }
    #expect(actions(0)[16...] == actions(16)[..<16])
    #expect(actions(0) != actions(32))
    #expect(actions(0) != actions(0, update: 1))
    #expect(actions(0) != actions(0, step: 1))
  }
}
