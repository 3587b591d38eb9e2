package import Algebra

/// The newest transitions, n steps each, from which minibatches are drawn.
///
/// A transition is S, A, G = Σ γⁱ Rᵢ over its k ≤ n steps, and S′ after them, whose value enters with
/// γᵏ, or 0 after a termination. It is drawn uniformly, or in proportion to a power of its last error
/// (Schaul, Quan, Antonoglou, Silver 2016).
package struct ReplayBuffer: Sendable {
  /// Transitions that fit.
  let capacity: Int
  /// Numbers in an observation.
  let features: Int
  /// Number of actions whose validity is kept; 0 where all are always valid.
  let maskedActions: Int
  /// Transitions there are.
  package private(set) var count = 0
  /// Where the next one goes.
  private(set) var position = 0
  // One row per transition.
  package private(set) var observations: [Float]
  package private(set) var nextObservations: [Float]
  package private(set) var actions: [Int32]
  /// G.
  package private(set) var returns: [Float]
  /// γᵏ or 0.
  package private(set) var discounts: [Float]
  /// k.
  package private(set) var lengths: [Float]
  package private(set) var nextMasks: [Bool]
  /// Priorities |δ|ᵅ; nil where draws are uniform.
  private var tree: SumTree?
  /// Of all that were ever there; new transitions get it.
  private var largestPriority = 1.0
  private let exponent: Float
  // Storage of a draw and of its priorities.
  private var words: [UInt32] = []
  private var priorities: [Float] = []

  /// - Parameter priorityExponent: α; 0 draws uniformly.
  package init(
    capacity: Int, features: Int, maskedActions: Int = 0, priorityExponent: Double = 0
  ) {
    self.capacity = capacity
    self.features = features
    self.maskedActions = maskedActions
    observations = Array(repeating: 0, count: capacity * features)
    nextObservations = observations
    actions = Array(repeating: 0, count: capacity)
    returns = Array(repeating: 0, count: capacity)
    (discounts, lengths) = (returns, returns)
    nextMasks = Array(repeating: true, count: capacity * maskedActions)
    tree = priorityExponent > 0 ? SumTree(count: capacity) : nil
    exponent = Float(priorityExponent)
  }

  /// Overwrites the oldest transition.
  ///
  /// - Parameters:
  ///   - observation: S, a row of `observations`.
  ///   - next: S′, a row of `nextObservations` and of `masks`.
  package mutating func add(
    _ observation: Int, of observations: [Float], action: Int32, return total: Float,
    discount: Float, length: Int, next: Int, of nextObservations: [Float], masks: [Bool] = []
  ) {
    self.observations.copy(
      features, from: observations, at: observation * features, to: position * features)
    self.nextObservations.copy(
      features, from: nextObservations, at: next * features, to: position * features)
    actions[position] = action
    returns[position] = total
    discounts[position] = discount
    lengths[position] = Float(length)
    for action in 0..<maskedActions {
      nextMasks[position * maskedActions + action] = masks[next * maskedActions + action]
    }
    tree?[position] = largestPriority
    position = position + 1 == capacity ? 0 : position + 1
    count = min(count + 1, capacity)
  }

  /// Draws as many transitions as `samples` holds, with their importance weights.
  ///
  /// Priorities are drawn stratified: sample i at mass (i + U)/B of the total. The weights are
  /// (N pᵢ)^−β over the largest of the minibatch, or 1.
  ///
  /// - Parameters:
  ///   - draw: number of the minibatch.
  ///   - weightExponent: β.
  package mutating func draw(
    _ draw: Int, _ random: RandomSource, weightExponent: Double, samples: inout [Int32],
    weights: inout [Float]
  ) {
    drawWords(draw, random, count: samples.count)
    guard let tree else {
      for i in samples.indices {
        samples[i] = Int32(truncatingIfNeeded: (UInt64(words[i]) * UInt64(count)) >> 32)
        weights[i] = 1
      }
      return
    }
    let share = tree.total / Double(samples.count)
    for i in samples.indices {
      let sample = tree.index(at: (Double(i) + Double(words[i]) * 0x1p-32) * share)
      samples[i] = Int32(truncatingIfNeeded: sample)
      weights[i] = Float(Double(count) * tree[sample] / tree.total)
    }
    weights.raise(to: -Float(weightExponent))
    var largest: Float = 0
    for weight in weights { largest = max(largest, weight) }
    for i in weights.indices { weights[i] /= largest }
  }

  private typealias Bundle = SIMD16<UInt32>

  /// One random word per sample, 64 at a time.
  private mutating func drawWords(_ draw: Int, _ random: RandomSource, count: Int) {
    let blocks = (count + 63) / 64
    if words.count < blocks * 64 { words = Array(repeating: 0, count: blocks * 64) }
    let lane = SIMD16<UInt32>.counting
    for block in 0..<blocks {
      let bundles = random.words(
        .minibatchOrder, copy: SIMD16(repeating: UInt32(truncatingIfNeeded: draw >> 32)),
        episode: SIMD16(repeating: UInt32(truncatingIfNeeded: draw)),
        step: lane &+ UInt32(truncatingIfNeeded: 16 * block), draw: 0)
      unsafe words.withUnsafeMutableBytes { bytes in
        unsafe bytes.storeBytes(of: bundles.0, toByteOffset: 256 * block, as: Bundle.self)
        unsafe bytes.storeBytes(of: bundles.1, toByteOffset: 256 * block + 64, as: Bundle.self)
        unsafe bytes.storeBytes(of: bundles.2, toByteOffset: 256 * block + 128, as: Bundle.self)
        unsafe bytes.storeBytes(of: bundles.3, toByteOffset: 256 * block + 192, as: Bundle.self)
      }
    }
  }

  /// Sets the priorities of drawn transitions to (|δ| + 10⁻⁶)ᵅ.
  package mutating func setPriorities(_ samples: [Int32], errors: [Float]) {
    guard tree != nil else { return }
    if priorities.count != samples.count {
      priorities = Array(repeating: 0, count: samples.count)
    }
    for i in samples.indices { priorities[i] = abs(errors[i]) + 1e-6 }
    priorities.raise(to: exponent)
    for (i, sample) in samples.enumerated() {
      let priority = Double(priorities[i])
      largestPriority = max(largestPriority, priority)
      tree?[Int(sample)] = priority
    }
  }
}

extension [Float] {
  /// Every x, which must be positive, becomes xᵃ.
  fileprivate mutating func raise(to exponent: Float) {
    let count = count
    unsafe withMemory(&self) { x in
      var i = 0
      while i + 16 <= count {
        unsafe x.store(Lanes16.exp(exponent * Lanes16.log(x.lanes(i))), i)
        i += 16
      }
      while i < count {
        unsafe x[i] = Float.exp(exponent * Float.log(x[i]))
        i += 1
      }
    }
  }
}

// MARK: - Saving

extension ReplayBuffer {
  /// The transitions there are, by name.
  func tensors(prefix: String) -> [String: Tensor] {
    let rows = count
    var result = [
      "\(prefix)observations": Tensor(
        Array(observations.prefix(rows * features)), shape: [rows, features]),
      "\(prefix)next_observations": Tensor(
        Array(nextObservations.prefix(rows * features)), shape: [rows, features]),
      "\(prefix)actions": Tensor(Array(actions.prefix(rows))),
      "\(prefix)returns": Tensor(Array(returns.prefix(rows))),
      "\(prefix)discounts": Tensor(Array(discounts.prefix(rows))),
      "\(prefix)lengths": Tensor(Array(lengths.prefix(rows))),
      "\(prefix)position": Tensor([Int64(position)]),
    ]
    if maskedActions > 0 {
      result["\(prefix)next_masks"] = Tensor(
        nextMasks.prefix(rows * maskedActions).map { $0 ? UInt8(1) : 0 },
        shape: [rows, maskedActions])
    }
    if let tree {
      result["\(prefix)priorities"] = Tensor((0..<rows).map { tree[$0] })
      result["\(prefix)largest_priority"] = Tensor([largestPriority])
    }
    return result
  }

  /// A buffer of this make with the transitions of `tensors(prefix:)`.
  func reading(_ tensors: TensorReader, prefix: String) throws(LearnerStateError) -> ReplayBuffer {
    var result = self
    let returns: [Float] = try tensors.values("\(prefix)returns", shape: nil)
    let position: [Int64] = try tensors.values("\(prefix)position", shape: [1])
    let rows = returns.count
    guard rows <= capacity, position[0] >= 0, position[0] < capacity,
      rows == capacity || position[0] == rows
    else {
      throw LearnerStateError(
        "\(rows) transitions and position \(position[0]) do not fit a replay of \(capacity)")
    }
    (result.count, result.position) = (rows, Int(position[0]))
    result.returns.replaceSubrange(0..<rows, with: returns)
    let matrix = [rows, features]
    try tensors.fill("\(prefix)observations", shape: matrix, &result.observations)
    try tensors.fill("\(prefix)next_observations", shape: matrix, &result.nextObservations)
    try tensors.fill("\(prefix)actions", shape: [rows], &result.actions)
    try tensors.fill("\(prefix)discounts", shape: [rows], &result.discounts)
    try tensors.fill("\(prefix)lengths", shape: [rows], &result.lengths)
    if maskedActions > 0 {
      let masks: [UInt8] = try tensors.values(
        "\(prefix)next_masks", shape: [rows, maskedActions])
      for (i, mask) in masks.enumerated() { result.nextMasks[i] = mask != 0 }
    }
    guard tree != nil else { return result }
    let priorities: [Double] = try tensors.values("\(prefix)priorities", shape: [rows])
    let largest: [Double] = try tensors.values("\(prefix)largest_priority", shape: [1])
    guard priorities.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw LearnerStateError("tensor \(prefix)priorities has numbers that are not positive")
    }
    var tree = SumTree(count: capacity)
    for (i, priority) in priorities.enumerated() { tree[i] = priority }
    (result.tree, result.largestPriority) = (tree, largest[0])
    return result
  }
}

extension TensorReader {
  /// Overwrites the first elements of an array with a tensor's values.
  fileprivate func fill<T: TensorElement>(
    _ name: String, shape: [Int], _ array: inout [T]
  ) throws(LearnerStateError) {
    let values: [T] = try values(name, shape: shape)
    array.replaceSubrange(0..<values.count, with: values)
  }
}
