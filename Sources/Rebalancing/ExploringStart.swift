import Algebra

extension RebalancingTask {
  /// Weights that are uniform on the simplex, −log(1 − uᵢ) normalised, as a function of seed, copy and
  /// episode.
  func weightsAnywhere(_ source: RandomSource, copy: UInt32, episode: UInt32) -> [Double] {
    // Draws beyond those of markets that begin by chance.
    let lengths = assets.indices.map { asset in
      -Double.log(
        1 - source.uniform(.initialState, copy: copy, episode: episode, draw: 1 << 15 | asset))
    }
    let sum = lengths.reduce(0, +)
    return sum > 0 ? lengths.map { $0 / sum } : targets
  }
}

extension RebalancingEnvironment {
  /// Begins the next episode with any weights instead of the target's; for proportional costs paid pro
  /// rata.
  ///
  /// - Returns: the first observation.
  public mutating func resetAnywhere() -> [Float] {
    precondition(!task.needsAccount, "the account of \(task.id) begins at its target")
    _ = reset(seed: nil)
    weights = task.weightsAnywhere(source, copy: copy, episode: episode).map { Real($0) }
    basis = weights
    return observation()
  }
}
