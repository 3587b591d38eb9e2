package import Algebra

/// One part's share in teaching a policy: its lessons in a random order, minibatch by minibatch, and
/// each block by block so that everything stays in the cache of one core.
package struct LessonPass: Sendable {
  package private(set) var gradient: Network
  package private(set) var loss = 0.0
  private var lessons: AfterstateLessons
  private var trials: ActionTrials
  /// Standardised, shape [lessons, features].
  private var observations: [Float] = []
  private var order: [Int32] = []
  private var ranges: [Range<Int>] = []
  private var work: NetworkWorkspace

  package init(
    _ network: Network, _ lessons: AfterstateLessons, _ trials: ActionTrials, rows: Int = 256
  ) {
    gradient = network.zeros
    self.lessons = lessons
    self.trials = trials
    work = NetworkWorkspace(for: network, rows: rows)
  }

  /// Takes the lessons of an update and shuffles them.
  package mutating func begin(
    _ lessons: AfterstateLessons, _ trials: ActionTrials, _ inputs: Standardization,
    minibatches: Int, _ random: RandomSource, part: Int, update: Int
  ) {
    self.lessons = lessons
    self.trials = trials
    observations = inputs.applied(to: lessons.observations)
    order = Array(repeating: 0, count: lessons.count)
    SampleOrder.shuffle(
      &order, random, part: UInt32(part), episode: UInt32(truncatingIfNeeded: update))
    ranges = Range<Int>.split(lessons.count, into: minibatches)
  }

  /// The lessons that this part has in a minibatch.
  package func size(ofMinibatch minibatch: Int) -> Int { ranges[minibatch].count }

  /// Sets gradient and loss to those of this part's share of a minibatch of `size` lessons, the mean
  /// over them: of each action's logits z the cross-entropy −Σ p log softmax(z), p = softmax(unit · q),
  /// and of edges the ascent of q.
  package mutating func run(_ network: Network, minibatch: Int, size: Int, unit: Float) {
    gradient.clear()
    loss = 0
    network.prepareBackward(&work)
    let (features, width, rows) = (network.inputCount, network.outputCount, work.input.rows)
    let weight = 1 / Float(size)
    let range = ranges[minibatch]
    for start in stride(from: range.lowerBound, to: range.upperBound, by: rows) {
      let block = start..<min(start + rows, range.upperBound)
      for (row, position) in block.enumerated() {
        work.input.elements.copy(
          features, from: observations, at: Int(order[position]) * features, to: row * features)
      }
      network.forward(&work)
      var delta = work.output.elements
      for (row, position) in block.enumerated() {
        let lesson = Int(order[position])
        let own =
          switch trials.search {
          case .each: crossEntropy(lesson, &delta, row * width, unit: unit)
          case .bands: ascent(lesson, &delta, row * width, unit: unit)
          }
        loss += Double(own * weight)
      }
      for i in 0..<block.count * width { delta[i] *= weight }
      for i in block.count * width..<delta.count { delta[i] = 0 }
      work.outputDelta.elements = delta
      network.backward(&work, addingTo: &gradient)
    }
  }

  /// The loss of one lesson; replaces its z by the gradient softmax(z) − p.
  private func crossEntropy(
    _ lesson: Int, _ z: inout [Float], _ first: Int, unit: Float
  ) -> Float {
    let count = lessons.actions
    var (largest, best) = (-Float.infinity, -Float.infinity)
    for a in 0..<count {
      largest = max(largest, z[first + a])
      best = max(best, lessons.score(lesson, a))
    }
    var (sum, total): (Float, Float) = (0, 0)
    for a in 0..<count {
      sum += Float.exp(z[first + a] - largest)
      total += Float.exp(max((lessons.score(lesson, a) - best) * unit, -80))
    }
    var loss: Float = 0
    for a in 0..<count {
      let log = z[first + a] - largest - Float.log(sum)
      let wanted = Float.exp(max((lessons.score(lesson, a) - best) * unit, -80)) / total
      loss -= wanted * log
      z[first + a] = Float.exp(log) - wanted
    }
    return loss
  }

  /// Replaces the edges of one lesson by −∂q/∂edge, as far as it shows along the copy's inclination n:
  /// n (q(edges + n) − q(edges − n)) / 2, which is the slope on average (Spall 1992).
  ///
  /// - Returns: what the better of the two has over the edges themselves.
  private func ascent(_ lesson: Int, _ z: inout [Float], _ first: Int, unit: Float) -> Float {
    let difference = (lessons.score(lesson, 1) - lessons.score(lesson, 2)) * unit / 2
    for j in 0..<trials.search.outputs {
      z[first + j] = -difference * trials.direction(j, copy: lesson % lessons.copies)
    }
    let best = max(lessons.score(lesson, 1), lessons.score(lesson, 2))
    return max(best - lessons.score(lesson, 0), 0)
  }
}
