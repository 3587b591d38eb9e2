import Algebra

/// The policy's network, and the minibatches of lessons and steps of Adam that teach it.
struct PolicyTeacher: Sendable {
  /// One, in the array that Adam takes.
  private var networks: [Network]
  private var optimizer: Adam
  private var passes: [LessonPass]

  /// - Parameter lessons: one collection per part.
  init(
    _ network: Network, lessons: [AfterstateLessons], trials: [ActionTrials],
    configuration: PostDecisionValueConfiguration
  ) {
    networks = [network]
    optimizer = Adam(for: networks, epsilon: configuration.adamEpsilon)
    passes = lessons.indices.map { LessonPass(network, lessons[$0], trials[$0]) }
  }

  /// The policy as a function of standardised observations.
  var network: Network { networks[0] }

  /// Teaches every lesson once; gives the mean loss.
  ///
  /// - Parameter lessons: one collection per part, evaluated.
  mutating func teach(
    _ lessons: [AfterstateLessons], _ trials: [ActionTrials], _ inputs: Standardization,
    learningRate: Double,
    configuration: PostDecisionValueConfiguration, _ random: RandomSource, update: Int,
    workers: Int
  ) -> Double {
    let minibatches = configuration.lessons
    forEachConcurrently(in: &passes, workers: workers) { part, pass in
      pass.begin(
        lessons[part], trials[part], inputs, minibatches: minibatches, random, part: part,
        update: update)
    }
    let unit =
      switch trials[0].search {
      case .each: 1 / (Float(configuration.temperature) * Self.size(lessons, \.leadSquares))
      case .bands: 1 / Self.size(lessons, \.differenceSquares)
      }
    var losses = 0.0
    for minibatch in 0..<minibatches {
      let size = passes.reduce(0) { $0 + $1.size(ofMinibatch: minibatch) }
      let network = network
      forEachConcurrently(in: &passes, workers: workers) { _, pass in
        pass.run(network, minibatch: minibatch, size: size, unit: unit)
      }
      var gradient = network.zeros
      for pass in passes {
        gradient.add(pass.gradient)
        losses += pass.loss
      }
      optimizer.step(&networks, gradients: [gradient], learningRate: learningRate)
    }
    return losses / Double(minibatches)
  }

  /// Root mean square of something about every lesson.
  private static func size(
    _ lessons: [AfterstateLessons], _ squares: KeyPath<AfterstateLessons, Double>
  ) -> Float {
    let sum = lessons.reduce(0) { $0 + $1[keyPath: squares] }
    let count = lessons.reduce(0) { $0 + $1.count }
    return max(Float((sum / Double(max(count, 1))).squareRoot()), 1e-30)
  }

  func addTensors(to tensors: inout [String: Tensor]) {
    for saved in [
      network.tensors(prefix: "scorer."),
      optimizer.firstMoments[0].tensors(prefix: "adam.first."),
      optimizer.secondMoments[0].tensors(prefix: "adam.second."),
    ] { tensors.merge(saved) { _, new in new } }
    tensors["adam.steps"] = Tensor([Int64(optimizer.steps)])
  }

  mutating func restore(_ reader: TensorReader) throws(LearnerStateError) {
    networks[0] = try network.reading(reader, prefix: "scorer.")
    optimizer.firstMoments[0] = try network.reading(reader, prefix: "adam.first.")
    optimizer.secondMoments[0] = try network.reading(reader, prefix: "adam.second.")
    optimizer.steps = try reader.counters("adam.steps", count: 1)[0]
  }
}
