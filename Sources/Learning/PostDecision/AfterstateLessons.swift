package import Gym

/// States that a policy is taught at: what was seen, and what each action would have led to.
package struct AfterstateLessons: Sendable {
  let actions: Int
  /// Lessons that were added at once.
  let copies: Int
  /// Shape [lessons, features].
  private(set) var observations: [Float] = []
  /// Shape [additions, actions, copies].
  private(set) var rewards: [Float] = []
  /// Shape [additions, actions, copies, features of an afterstate].
  private var afterstates: [Float] = []
  /// Shape [additions, actions, copies]: q.
  private(set) var scores: [Float] = []

  package init(actions: Int, copies: Int) {
    self.actions = actions
    self.copies = copies
  }

  package var count: Int { rewards.count / actions }

  /// q of a lesson and an action.
  @inline(__always) package func score(_ lesson: Int, _ action: Int) -> Float {
    scores[(lesson / copies * actions + action) * copies + lesson % copies]
  }

  mutating func removeAll() {
    observations.removeAll(keepingCapacity: true)
    rewards.removeAll(keepingCapacity: true)
    afterstates.removeAll(keepingCapacity: true)
  }

  package mutating func add(_ seen: [Float], _ now: Afterstates) {
    observations += seen
    rewards += now.rewards
    afterstates += now.features
  }

  /// Sets the scores to c + V(y).
  package mutating func evaluate(_ value: Network, _ work: inout NetworkWorkspace) {
    if scores.count != rewards.count { scores = Array(repeating: 0, count: rewards.count) }
    value.values(of: afterstates, into: &scores, &work)
    for i in scores.indices { scores[i] = rewards[i] + scores[i] }
  }

  /// Σ (best score − next best)².
  var leadSquares: Double {
    var sum = 0.0
    for lesson in 0..<count {
      var (best, second) = (-Float.infinity, -Float.infinity)
      for a in 0..<actions {
        let score = score(lesson, a)
        if score > best { (best, second) = (score, best) } else { second = max(second, score) }
      }
      sum += Double((best - second) * (best - second))
    }
    return sum
  }

  /// Σ (score of candidate 1 − score of candidate 2)².
  var differenceSquares: Double {
    (0..<count).reduce(0) { sum, lesson in
      let difference = Double(score(lesson, 1) - score(lesson, 2))
      return sum + difference * difference
    }
  }
}
