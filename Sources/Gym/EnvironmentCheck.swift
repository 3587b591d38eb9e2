/// A promise of the environment protocol that was found broken.
public struct EnvironmentCheckFailure: Error, CustomStringConvertible, Sendable {
  public let description: String
}

/// Plays a few episodes and throws at the first broken promise of `Environment`.
///
/// Checked: spaces are well formed; observations lie in their space; rewards are finite; an episode
/// ends within `stepLimit`, with exactly one reason; the same seed gives the same bits; a copy
/// continues as the original does.
public func checkEnvironment<E: Environment>(
  _ environment: E, seed: UInt64 = 1, episodes: Int = 2, stepLimit: Int = 100_000
) throws(EnvironmentCheckFailure) where E.Action == Int {
  let actions = try checkedSpaces(environment.observationSpace, environment.actionSpace)
  var first = environment
  var second = environment
  for episode in 0..<episodes {
    let start = first.reset(seed: episode == 0 ? seed : nil)
    let again = second.reset(seed: episode == 0 ? seed : nil)
    try checkObservation(start, environment.observationSpace, "reset")
    try require(start == again, "two resets with seed \(seed) give different observations")
    var steps = 0
    while true {
      let action = actions.element(steps &* 7 &+ episode)
      var branch = first
      let transition = action.step(&first)
      // Before the comparisons, which a NaN would fail for the wrong reason.
      try checkObservation(transition.observation, environment.observationSpace, "step \(steps)")
      try require(
        transition.reward.isFinite, "the reward at step \(steps) is \(transition.reward)")
      try require(
        !(transition.terminated && transition.truncated),
        "step \(steps) is both terminated and truncated")
      try require(
        transition == action.step(&second),
        "step \(steps) of episode \(episode) differs between two runs with seed \(seed)")
      try require(
        transition == action.step(&branch), "a copy made at step \(steps) does not continue alike")
      steps += 1
      if transition.isLast { break }
      try require(steps < stepLimit, "no end of the episode within \(stepLimit) steps")
    }
  }
}

/// Steps all copies and throws at the first broken promise of `VectorEnvironment`.
///
/// Checked: spaces, shapes and finiteness; at most one reason for an end; the same seed gives the
/// same bits; under `.nextStep` the step after an end only resets; under `.sameStep` the last
/// observation lies in its space; a restored state continues to the same bits.
public func checkVectorEnvironment(
  _ environment: some VectorEnvironment, seed: UInt64 = 1, steps: Int = 600
) throws(EnvironmentCheckFailure) {
  let actions = try checkedSpaces(environment.observationSpace, environment.actionSpace)
  var first = environment
  var second = environment
  var transition = VectorTransition(for: environment)
  var other = transition
  first.reset(seed: seed, into: &transition)
  second.reset(seed: seed, into: &other)
  try checkTransition(transition, of: environment, "reset")
  try require(transition == other, "two resets with seed \(seed) give different observations")
  for step in 0..<steps {
    let ended = zip(transition.terminated, transition.truncated).map { $0 || $1 }
    let chosen = (0..<environment.count).map { actions.element($0 &+ step &* 7) }
    if environment.autoreset == .disabled, ended.contains(true) {
      first.reset(where: ended, into: &transition)
      second.reset(where: ended, into: &other)
    }
    if step == steps / 2 {
      let state = first.encodedState()
      // One that knows nothing else.
      second = environment
      do { try second.restore(encodedState: state) } catch {
        throw EnvironmentCheckFailure(description: "its own state is refused: \(error)")
      }
    }
    CheckedAction.step(&first, chosen, into: &transition)
    CheckedAction.step(&second, chosen, into: &other)
    try checkTransition(transition, of: environment, "step \(step)")
    if environment.autoreset == .nextStep {
      for copy in ended.indices where ended[copy] {
        try require(
          transition.rewards[copy] == 0 && !transition.terminated[copy]
            && !transition.truncated[copy],
          "copy \(copy) must only reset at step \(step), after its episode's end")
      }
    }
    try require(transition == other, "step \(step) differs between two runs with seed \(seed)")
  }
}

/// What must hold for every copy at any step, whatever came before.
private func checkTransition(
  _ transition: VectorTransition, of environment: some VectorEnvironment, _ place: String
) throws(EnvironmentCheckFailure) {
  let space = environment.observationSpace
  for copy in 0..<environment.count {
    let row = copy * space.size..<(copy + 1) * space.size
    let (terminated, truncated) = (transition.terminated[copy], transition.truncated[copy])
    try checkObservation(transition.observations[row], space, "\(place) of copy \(copy)")
    try require(
      transition.rewards[copy].isFinite,
      "the reward at \(place) of copy \(copy) is \(transition.rewards[copy])")
    try require(
      !(terminated && truncated), "\(place) of copy \(copy) is both terminated and truncated")
    if environment.autoreset == .sameStep, terminated || truncated {
      try checkObservation(
        transition.finalObservations[row], space, "the end of copy \(copy) at \(place)")
    }
  }
}

private func checkedSpaces(
  _ observations: Space, _ actions: Space
) throws(EnvironmentCheckFailure) -> Space {
  guard case .box(let low, let high) = observations else {
    throw EnvironmentCheckFailure(description: "the observation space is not a box")
  }
  try require(
    !low.isEmpty && low.count == high.count && zip(low, high).allSatisfy { $0 <= $1 },
    "the bounds of the observation space do not fit: \(low) to \(high)")
  switch actions {
  case .discrete(let count): try require(count > 0, "there are no actions: \(actions)")
  case .box(let low, let high):
    try require(
      !low.isEmpty && low.count == high.count
        && zip(low, high).allSatisfy { $0 <= $1 && $0.isFinite && $1.isFinite },
      "the bounds of the action space do not fit: \(low) to \(high)")
  }
  return actions
}

/// An action that a check takes, of either kind.
private enum CheckedAction {
  case whole(Int)
  case values([Float])

  func step<E: Environment>(_ environment: inout E) -> Transition where E.Action == Int {
    switch self {
    case .whole(let action): environment.step(action)
    case .values(let values): environment.step(values: values)
    }
  }

  static func step(
    _ environment: inout some VectorEnvironment, _ actions: [CheckedAction],
    into transition: inout VectorTransition
  ) {
    let whole: [Int32] = actions.compactMap {
      if case .whole(let action) = $0 { Int32(action) } else { nil }
    }
    guard whole.isEmpty else { return environment.step(whole, into: &transition) }
    let values: [[Float]] = actions.map { if case .values(let values) = $0 { values } else { [] } }
    environment.step(values: Array(values.joined()), into: &transition)
  }
}

extension Space {
  /// One of many elements, by number.
  fileprivate func element(_ number: Int) -> CheckedAction {
    switch self {
    case .discrete(let count): .whole(number % count)
    case .box(let low, let high):
      .values(
        low.indices.map { low[$0] + (high[$0] - low[$0]) * Float((number &+ 3 &* $0) % 11) / 10 })
    }
  }
}

private func checkObservation(
  _ observation: some Collection<Float>, _ space: Space, _ place: String
) throws(EnvironmentCheckFailure) {
  try require(
    space.contains(observation),
    "the observation at \(place) is outside its space: \(Array(observation))")
}

private func require(
  _ condition: Bool, _ message: @autoclosure () -> String
) throws(EnvironmentCheckFailure) {
  guard condition else { throw EnvironmentCheckFailure(description: message()) }
}
