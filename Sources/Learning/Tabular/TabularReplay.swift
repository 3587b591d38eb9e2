import Algebra

/// Transitions that are there already, learned again and again: the speed of learning alone.
///
/// 64 steps of 64 copies, an observation of one number in 60 bins, three actions, step sizes by
/// visits.
package struct TabularReplay: Sendable {
  private let discretizer: TabularDiscretizer
  private var table: ActionValueTable
  private var steps: [TabularStep]
  /// Shape [steps + 1][copies].
  private let observations: [[Float]]

  package init(method: TabularMethod, tilings: Int) {
    var configuration = TabularConfiguration()
    configuration.method = method
    configuration.criterion = .averageReward
    (configuration.stepSize, configuration.stepSizePower) = (1, 0.6)
    configuration.minimumStepSize = 0.001
    discretizer = TabularDiscretizer(low: [-2], high: [2], bins: [60], tilings: tilings)
    table = ActionValueTable(
      discretizer: discretizer, actionCount: 3, configuration: configuration)
    table.epsilon = 0.05
    let (random, size) = (RandomSource(seed: 1), 64)
    observations = (0...size).map { step in
      (0..<size).map {
        let place = random.uniform(.market, copy: UInt32($0), step: UInt32(step))
        return Float(place) * 5 - 2.5
      }
    }
    steps = Array(repeating: TabularStep(copies: size, tilings: tilings), count: size)
    for step in 0..<size {
      for copy in 0..<size {
        let words = random.words(
          .exploration, copy: UInt32(copy), episode: 0, step: UInt32(step), draw: 0)
        steps[step].actions[copy] = Int32(words.0 % 3)
        steps[step].nextActions[copy] = Int32(words.1 % 3)
        steps[step].coins[copy] = Int32(words.2 & 1)
        steps[step].rewards[copy] = -abs(observations[step][copy])
      }
    }
  }

  /// Transitions.
  package var count: Int { steps.count * steps.count }

  /// Finds the cells of both observations of every transition and learns from it.
  package mutating func learn() {
    for step in steps.indices {
      discretizer.findCells(of: observations[step], into: &steps[step].cells)
      discretizer.findCells(of: observations[step + 1], into: &steps[step].futures)
      table.learn(steps[step])
    }
  }
}
