import Algebra

extension FiniteModel {
  /// What is optimal under a law.
  public struct Solution: Sendable {
    /// Q(s, a), shape [states, actions]; under `averageReward` relative to that of state 0.
    public var values: [Double]
    /// The best mean reward per step; 0 under `discounted`.
    public var averageReward: Double
    /// Sweeps of value iteration, or improvements of policy iteration.
    public var rounds: Int
    /// How far `values`, or `averageReward`, may be from the optimum.
    public var error: Double
  }

  /// Value iteration, relative under `averageReward` (White 1963), until the bounds on the optimum are
  /// within `tolerance` (Puterman 1994, sections 6.6 and 8.5).
  ///
  /// With D = max − min over states of the change of a sweep, the best mean reward lies between the
  /// two, and the discounted values within γ/(1 − γ) of them.
  ///
  /// - Throws: where `limit` sweeps are not enough.
  public func valueIteration(
    _ criterion: LearningCriterion, discount: Double = 1, tolerance: Double, limit: Int
  ) throws(FiniteModelError) -> Solution {
    let isDifferential = criterion == .averageReward
    let discount = isDifferential ? 1 : discount
    let scale = isDifferential ? 1 : discount / (1 - discount)
    // A periodic chain never settles; staying where one is for half of the time changes neither the
    // best policy nor, once doubled, the mean reward (Schweitzer 1971).
    let stay = isDifferential ? 0.5 : 0
    var values = [Double](repeating: 0, count: stateCount)
    var span = Double.infinity
    for sweep in 1...max(limit, 1) {
      let next = (0..<stateCount).map { state in
        let best = best(state, values.span, discount)
        return stay * values[state] + (1 - stay) * best
      }
      var (least, most) = (Double.infinity, -Double.infinity)
      for state in 0..<stateCount {
        let change = (next[state] - values[state]) / (1 - stay)
        (least, most) = (min(least, change), max(most, change))
      }
      span = scale * (most - least)
      // The middle of the bounds (MacQueen 1966); under `averageReward` values are relative.
      let settled = span <= tolerance
      let shift = isDifferential ? -next[0] : settled ? scale * (least + most) / 2 : 0
      values = next.map { $0 + shift }
      if settled {
        return solution(
          values, criterion, discount, average: (least + most) / 2, rounds: sweep, error: span / 2)
      }
    }
    throw FiniteModelError(
      "after \(limit) sweeps the bounds are \(span) apart, the tolerance is \(tolerance)")
  }

  /// Policy iteration (Howard 1960): solve the linear equations of a policy, improve it, until it is
  /// the best under its own values.
  ///
  /// - Throws: where `limit` improvements are not enough, or a policy's equations have no unique
  ///   solution, as under `averageReward` those of a chain with several recurrent classes.
  public func policyIteration(
    _ criterion: LearningCriterion, discount: Double = 1, limit: Int
  ) throws(FiniteModelError) -> Solution {
    let discount = criterion == .averageReward ? 1 : discount
    // Begins with the best reward at once.
    var values = [Double](repeating: 0, count: stateCount)
    var average = 0.0
    var policy = improved([Int](repeating: 0, count: stateCount), values, discount)
    for round in 1...max(limit, 1) {
      (values, average) = try evaluate(policy, criterion, discount)
      let next = improved(policy, values, discount)
      if next == policy {
        return solution(values, criterion, discount, average: average, rounds: round, error: 0)
      }
      policy = next
    }
    throw FiniteModelError("after \(limit) improvements the policy still changes")
  }

  /// The values of a policy, v + g = r + γ P v with v(0) = 0 under `averageReward`, else with g = 0.
  private func evaluate(
    _ policy: [Int], _ criterion: LearningCriterion, _ discount: Double
  ) throws(FiniteModelError) -> (values: [Double], average: Double) {
    let count = stateCount
    var columns = [Double](repeating: 0, count: count * count)
    var solution = [Double](repeating: 0, count: count)
    for state in 0..<count {
      let index = state * actionCount + policy[state]
      let row = transitions[index]
      for (i, probability) in row.probabilities.enumerated() {
        columns[(row.first + i) * count + state] -= discount * probability
      }
      columns[state * count + state] += 1
      solution[state] = rewards[index]
    }
    if criterion == .averageReward {
      // The value of state 0 is known; its column is that of g.
      for state in 0..<count { columns[state] = 1 }
    }
    do { try solveLinearSystem(columns: &columns, rightHandSides: &solution) } catch {
      throw FiniteModelError("the values of a policy are not unique: \(error)")
    }
    guard solution.allSatisfy(\.isFinite) else {
      throw FiniteModelError("the values of a policy are not finite")
    }
    guard criterion == .averageReward else { return (solution, 0) }
    let average = solution[0]
    solution[0] = 0
    return (solution, average)
  }

  /// The best action of every state; another one only where it is better beyond rounding.
  private func improved(_ policy: [Int], _ values: [Double], _ discount: Double) -> [Int] {
    (0..<stateCount).map { state in
      var best = policy[state]
      var most = value(state, best, values.span, discount)
      for action in 0..<actionCount {
        let other = value(state, action, values.span, discount)
        if other > most + 1e-11 * max(1, abs(most)) { (best, most) = (action, other) }
      }
      return best
    }
  }

  private func best(_ state: Int, _ values: Span<Double>, _ discount: Double) -> Double {
    var best = value(state, 0, values, discount)
    for action in 1..<max(actionCount, 1) {
      best = max(best, value(state, action, values, discount))
    }
    return best
  }

  private func solution(
    _ values: [Double], _ criterion: LearningCriterion, _ discount: Double, average: Double,
    rounds: Int, error: Double
  ) -> Solution {
    let average = criterion == .averageReward ? average : 0
    let actionValues = (0..<stateCount).flatMap { state in
      (0..<actionCount).map { value(state, $0, values.span, discount) - average }
    }
    return Solution(values: actionValues, averageReward: average, rounds: rounds, error: error)
  }
}
