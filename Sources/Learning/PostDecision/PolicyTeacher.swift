import Algebra

/// The policy's network, and the minibatches of lessons and steps of Adam that teach it.
struct PolicyTeacher: Sendable {
  /// One, in the array that Adam takes.
  private var networks: [Network]
  private var optimizer: Adam
  private var passes: [LessonPass]

  /// - Parameter lessons: one collection per part.
  init(
    _ network: Network, lessons: [AfterstateLessons],
    configuration: PostDecisionValueConfiguration
  ) {
    networks = [network]
    optimizer = Adam(for: networks, epsilon: configuration.adamEpsilon)
    passes = lessons.map { LessonPass(network, $0) }
  }

  /// The policy as a function of standardised observations.
  var network: Network { networks[0] }

  /// Teaches every lesson once; gives the mean loss.
  ///
  /// - Parameter lessons: one collection per part, evaluated.
  mutating func teach(
    _ lessons: [AfterstateLessons], _ inputs: Standardization, learningRate: Double,
    configuration: PostDecisionValueConfiguration, _ random: RandomSource, update: Int,
    workers: Int
  ) -> Double {
    let minibatches = configuration.lessons
    forEachConcurrently(in: &passes, workers: workers) { part, pass in
      pass.begin(
        lessons[part], inputs, minibatches: minibatches, random, part: part, update: update)
    }
    let unit = 1 / (Float(configuration.temperature) * Self.leadSize(lessons))
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

  /// Root mean square of the best score's lead over the next.
  private static func leadSize(_ lessons: [AfterstateLessons]) -> Float {
    let sum = lessons.reduce(0) { $0 + $1.leadSquares }
    let count = lessons.reduce(0) { $0 + $1.count }
    return max(Float((sum / Double(max(count, 1))).squareRoot()), .leastNormalMagnitude)
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
    let steps: [Int64] = try reader.values("adam.steps", shape: [1])
    guard steps[0] >= 0 else {
      throw LearnerStateError("tensor adam.steps is \(steps[0]), valid is 0 or more")
    }
    optimizer.steps = Int(steps[0])
  }
}
