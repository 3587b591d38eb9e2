/// The last n steps of every copy, until they are complete enough to be learned from.
///
/// A step leaves the queue with G = R₁ + γR₂ + … over its k steps: k = n as a rule, fewer where the
/// episode ended before.
package struct NStepQueue: Sendable {
  private let length: Int
  private let features: Int
  private let discount: Float
  // Shape [copies, n], a ring for each copy.
  private var observations: [Float]
  private var actions: [Int32]
  private var rewards: [Float]
  /// Place of the oldest step of each copy.
  private var starts: [Int32]
  /// Steps of each copy.
  private var counts: [Int32]

  package init(copies: Int, length: Int, features: Int, discount: Float) {
    self.length = length
    self.features = features
    self.discount = discount
    observations = Array(repeating: 0, count: copies * length * features)
    actions = Array(repeating: 0, count: copies * length)
    rewards = Array(repeating: 0, count: copies * length)
    starts = Array(repeating: 0, count: copies)
    counts = starts
  }

  /// Begins a step of every copy.
  ///
  /// - Parameters:
  ///   - observations: shape [copies, features], what the actions were chosen at.
  ///   - actions: shape [copies].
  package mutating func begin(_ observations: [Float], _ actions: [Int32]) {
    for copy in starts.indices {
      let place = place(copy, Int(counts[copy]))
      self.observations.copy(
        features, from: observations, at: copy * features, to: place * features)
      self.actions[place] = actions[copy]
      counts[copy] += 1
    }
  }

  /// Ends the step of a copy; what is complete goes to the replay.
  ///
  /// - Parameters:
  ///   - next: the observations after the step, of all copies; the final ones at an episode's end.
  ///   - masks: the actions that are valid there.
  package mutating func end(
    _ copy: Int, reward: Float, terminated: Bool, truncated: Bool, next: [Float], masks: [Bool],
    into replay: inout ReplayBuffer
  ) {
    rewards[place(copy, Int(counts[copy]) - 1)] = reward
    let ended = terminated || truncated
    while counts[copy] == length || (ended && counts[copy] > 0) {
      let steps = Int(counts[copy])
      var (total, power) = (Float(0), Float(1))
      for i in 0..<steps {
        total += power * rewards[place(copy, i)]
        power *= discount
      }
      let oldest = place(copy, 0)
      replay.add(
        oldest, of: observations, action: actions[oldest], return: total,
        discount: terminated ? 0 : power, length: steps, next: copy, of: next, masks: masks)
      starts[copy] = Int32((Int(starts[copy]) + 1) % length)
      counts[copy] -= 1
    }
  }

  /// Where the i-th oldest step of a copy is.
  private func place(_ copy: Int, _ i: Int) -> Int {
    copy * length + (Int(starts[copy]) + i) % length
  }

  func tensors(prefix: String) -> [String: Tensor] {
    [
      "\(prefix)observations": Tensor(observations), "\(prefix)actions": Tensor(actions),
      "\(prefix)rewards": Tensor(rewards), "\(prefix)starts": Tensor(starts),
      "\(prefix)counts": Tensor(counts),
    ]
  }

  /// A queue of this make with the steps of `tensors(prefix:)`.
  func reading(_ tensors: TensorReader, prefix: String) throws(LearnerStateError) -> NStepQueue {
    var result = self
    try tensors.read(
      "\(prefix)observations", shape: [observations.count], into: &result.observations)
    try tensors.read("\(prefix)actions", shape: [actions.count], into: &result.actions)
    try tensors.read("\(prefix)rewards", shape: [rewards.count], into: &result.rewards)
    try tensors.read("\(prefix)starts", shape: [starts.count], into: &result.starts)
    try tensors.read("\(prefix)counts", shape: [counts.count], into: &result.counts)
    let places = 0..<Int32(length)
    guard result.starts.allSatisfy(places.contains), result.counts.allSatisfy(places.contains)
    else { throw LearnerStateError("the unfinished steps do not fit \(length) steps") }
    return result
  }
}
