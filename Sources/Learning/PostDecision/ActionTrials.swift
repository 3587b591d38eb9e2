package import Algebra
package import Gym

/// How actions are sought.
package enum ActionSearch: Sendable {
  /// Every action of a discrete space is tried, and the best taken.
  case each(count: Int)
  /// Three points of a box are tried: the policy's, and those that its edges give when they are moved
  /// one way and the other along the copy's inclination.
  case bands(BoxMotion)

  init(_ environment: some AfterstateEnvironment) throws(LearningConfigurationError) {
    switch (environment.actionSpace, environment.motion) {
    case (.discrete(let count), _): self = .each(count: count)
    case (.box, .some(let motion)): self = .bands(motion)
    case (.box, nil):
      throw LearningConfigurationError(
        "actions are a box and observations do not begin with the positions that they "
          + "move; valid are positions first, or a discrete space")
    }
  }

  /// Actions that are tried at every state; each counts as a step.
  var candidates: Int {
    switch self {
    case .each(let count): count
    case .bands: 3
    }
  }

  /// Outputs of the policy's network.
  var outputs: Int {
    switch self {
    case .each(let count): count
    case .bands(let motion): motion.outputs
    }
  }
}

/// The candidates of every copy of a part: which they are, which is taken.
package struct ActionTrials: Sendable {
  let search: ActionSearch
  private let copies: Int
  /// Shape [outputs, copies]: standard normal.
  private var directions: [Float]
  /// The size of inclinations.
  private var spread: Float = 0
  private var policy: BandNetwork?
  private var work: NetworkWorkspace?
  /// Shape [candidates, copies, dimensions], of a box.
  private var points: [Float]
  /// The candidate that each copy takes.
  private var chosen: [Int32]

  package init(_ search: ActionSearch, copies: Int) {
    self.search = search
    self.copies = copies
    directions = Array(repeating: 0, count: copies * search.outputs)
    chosen = Array(repeating: 0, count: copies)
    points = []
    if case .bands(let motion) = search {
      points = Array(repeating: 0, count: search.candidates * copies * motion.dimensions)
    }
  }

  /// Draws the inclinations of a rollout.
  package mutating func begin(
    _ policy: LearnedPolicy, spread: Float, _ random: RandomSource, firstCopy: Int,
    update: UInt32
  ) {
    self.spread = spread
    for c in 0..<copies {
      for j in 0..<search.outputs {
        let normal: (Double, Double, Double, Double) = random.normals(
          .exploration, copy: UInt32(firstCopy + c), episode: update, step: UInt32(j), draw: 0)
        directions[j * copies + c] = Float(normal.0)
      }
    }
    guard case .band(let band) = policy else { return }
    self.policy = band
    if work == nil { work = NetworkWorkspace(for: band.network, rows: 256) }
    guard update == 0 else { return }
    // Before anything is known some copies leave everything as it is: what is far is seen once.
    for i in directions.indices { directions[i] = 1 }
    self.spread = 20
  }

  /// How far an output is moved for a copy, in spreads.
  package func direction(_ output: Int, copy: Int) -> Float { directions[output * copies + copy] }

  /// Writes what the candidates would lead to.
  mutating func write(
    _ environment: inout some AfterstateEnvironment, _ observations: [Float],
    into afterstates: inout Afterstates
  ) {
    guard case .bands(let motion) = search, let policy else {
      environment.writeAfterstates(into: &afterstates)
      return
    }
    propose(policy.network, motion, observations)
    environment.writeAfterstates(of: points, into: &afterstates)
  }

  /// Sets the candidates to the policy's action and those of moved edges.
  private mutating func propose(_ network: Network, _ motion: BoxMotion, _ observations: [Float]) {
    guard var work else { return }
    self.work = nil
    let (features, outputs, size) = (network.inputCount, search.outputs, motion.dimensions)
    var edges = [Float](repeating: 0, count: outputs)
    var points = points
    self.points = []
    for start in stride(from: 0, to: copies, by: work.input.rows) {
      let block = start..<min(start + work.input.rows, copies)
      work.input.elements.copy(
        block.count * features, from: observations, at: start * features)
      network.forward(&work)
      let found = work.output.elements
      for c in block {
        for (candidate, sign) in [0, 1, -1].enumerated() {
          for j in 0..<outputs {
            edges[j] =
              found[(c - start) * outputs + j]
              + Float(sign) * spread * directions[j * copies + c]
          }
          let place = (candidate * copies + c) * size
          var all = points.mutableSpan
          var own = all._mutatingExtracting(place..<place + size)
          motion.act(
            observations.span.extracting(c * features..<(c + 1) * features), edges: edges.span,
            into: &own)
        }
      }
    }
    self.points = points
    self.work = work
  }

  /// What a copy does that does not explore: the best candidate, the lowest of equals; the policy's
  /// own of a box.
  func greedy(_ copy: Int, _ scores: [Float]) -> Int {
    guard case .each = search else { return 0 }
    return best(copy) { scores[$0] }
  }

  /// What a copy does that explores.
  func inclined(_ copy: Int, _ scores: [Float]) -> Int {
    guard case .each = search else { return 1 }
    return best(copy) { scores[$0] + spread * directions[$0] }
  }

  @inline(__always) private func best(_ copy: Int, _ score: (Int) -> Float) -> Int {
    var (best, largest) = (0, -Float.infinity)
    for a in 0..<search.candidates {
      let value = score(a * copies + copy)
      if value > largest { (best, largest) = (a, value) }
    }
    return best
  }

  mutating func choose(_ candidate: Int, _ copy: Int) { chosen[copy] = Int32(candidate) }

  /// Does what is chosen.
  func step(
    _ environment: inout some AfterstateEnvironment, into transition: inout VectorTransition
  ) {
    guard case .bands(let motion) = search else {
      environment.step(chosen, into: &transition)
      return
    }
    let size = motion.dimensions
    var values = [Float](repeating: 0, count: copies * size)
    for c in 0..<copies {
      values.copy(size, from: points, at: (Int(chosen[c]) * copies + c) * size, to: c * size)
    }
    environment.step(values: values, into: &transition)
  }
}
