package import Algebra

/// Draws actions with probability softmax(scores), sixteen copies at a time.
///
/// The draw is a function of seed, copy, update and step alone, so it does not depend on how copies
/// are grouped.
package struct ActionSampler: Sendable {
  /// One action per copy of the last call; a multiple of sixteen.
  package private(set) var actions: [Int32]
  /// log softmax(scores)[action] of the last call, in the same order.
  package private(set) var logProbabilities: [Float]
  /// Shape [actions]: the scores of sixteen copies, then their exponentials.
  private var columns: [Lanes16]

  package init(rows: Int, actionCount: Int) {
    precondition(rows % 16 == 0, "\(rows) rows are not whole bundles of sixteen")
    actions = Array(repeating: 0, count: rows)
    logProbabilities = Array(repeating: 0, count: rows)
    columns = Array(repeating: .zero, count: actionCount)
  }

  /// Draws one action for every row of `scores`.
  ///
  /// - Parameters:
  ///   - scores: shape [rows, actions or more].
  ///   - masks: shape [copies, actions]: which actions are valid; empty where all are.
  ///   - firstCopy: the copy of row 0.
  package mutating func draw(
    from scores: Matrix, masks: [Bool] = [], random: RandomSource, firstCopy: Int,
    update: UInt32, step: UInt32
  ) {
    for row in stride(from: 0, to: actions.count, by: 16) {
      let copy = SIMD16<UInt32>.counting &+ UInt32(truncatingIfNeeded: firstCopy + row)
      let words = random.words(
        .exploration, copy: copy, episode: SIMD16(repeating: update),
        step: SIMD16(repeating: step), draw: 0)
      drawSixteen(from: scores, masks, row: row, uniform: Lanes16(unitInterval: words.0))
    }
  }

  private mutating func drawSixteen(
    from scores: Matrix, _ masks: [Bool], row: Int, uniform: Lanes16
  ) {
    let count = columns.count
    for k in 0..<count {
      for lane in 0..<16 { columns[k][lane] = scores.elements[(row + lane) * scores.columns + k] }
    }
    for lane in 0..<16 where (row + lane) * count < masks.count {
      for k in 0..<count where !masks[(row + lane) * count + k] {
        columns[k][lane] = PPOLoss.invalidScore
      }
    }
    var largest = columns[0]
    for k in 1..<max(count, 1) { largest = Lanes16.larger(largest, columns[k]) }
    var sum = Lanes16.zero
    for k in 0..<count { sum += Lanes16.exp(columns[k] - largest) }
    // The action is the first whose cumulated weight exceeds u; the last one needs no comparison.
    let threshold = uniform * sum
    var (cumulated, action, chosen) = (Lanes16.zero, SIMD16<Int32>.zero, columns[0])
    for k in 0..<(count - 1) {
      cumulated += Lanes16.exp(columns[k] - largest)
      let isBeyond = cumulated .<= threshold
      action.replace(with: Int32(k + 1), where: isBeyond)
      chosen = chosen.replacing(with: columns[k + 1], where: isBeyond)
    }
    let logProbability = (chosen - largest) - Lanes16.log(sum)
    for lane in 0..<16 {
      actions[row + lane] = action[lane]
      logProbabilities[row + lane] = logProbability[lane]
    }
  }
}
