import Algebra

/// One part's share in teaching a policy: its lessons in a random order, minibatch by minibatch, and
/// each block by block so that everything stays in the cache of one core.
struct LessonPass: Sendable {
  private(set) var gradient: Network
  private(set) var loss = 0.0
  private var lessons: AfterstateLessons
  /// Standardised, shape [lessons, features].
  private var observations: [Float] = []
  private var order: [Int32] = []
  private var ranges: [Range<Int>] = []
  private var work: NetworkWorkspace

  init(_ network: Network, _ lessons: AfterstateLessons, rows: Int = 256) {
    gradient = network.zeros
    self.lessons = lessons
    work = NetworkWorkspace(for: network, rows: rows)
  }

  /// Takes the lessons of an update and shuffles them.
  mutating func begin(
    _ lessons: AfterstateLessons, _ inputs: Standardization, minibatches: Int,
    _ random: RandomSource, part: Int, update: Int
  ) {
    self.lessons = lessons
    observations = inputs.applied(to: lessons.observations)
    order = Array(repeating: 0, count: lessons.count)
    SampleOrder.shuffle(
      &order, random, part: UInt32(part) + 1 << 16, episode: UInt32(truncatingIfNeeded: update))
    ranges = Range<Int>.split(lessons.count, into: minibatches)
  }

  /// The lessons that this part has in a minibatch.
  func size(ofMinibatch minibatch: Int) -> Int { ranges[minibatch].count }

  /// Sets gradient and loss to those of this part's share of a minibatch of `size` lessons:
  /// −Σ p log softmax(z) / size with p = softmax(unit · q).
  mutating func run(_ network: Network, minibatch: Int, size: Int, unit: Float) {
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
        loss += Double(
          crossEntropy(Int(order[position]), &delta, row * width, unit: unit) * weight)
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
}
