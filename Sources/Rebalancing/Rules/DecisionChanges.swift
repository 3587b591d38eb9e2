/// The places on a line at which a decision jumps or its kind changes, ascending.
///
/// Neighbouring places are compared, and a change between them is found by bisection; where a decision
/// only varies smoothly there is none. Two changes between neighbouring places can escape.
///
/// - Parameters:
///   - places: at least one, ascending.
///   - resolution: how far apart the two ends of a bisection are at its end.
///   - decision: what is decided at a place.
public func decisionChanges(
  between places: [Double], resolution: Double, _ decision: (Double) -> TriggerDecision
) -> [Double] {
  var found: [Double] = []
  var (low, left) = (places[0], decision(places[0]))
  for high in places.dropFirst() {
    let right = decision(high)
    if left.differs(from: right, by: 1e-3),
      let place = change(
        from: (low, left), to: (high, right), resolution: resolution, decision)
    {
      found.append(place)
    }
    (low, left) = (high, right)
  }
  return found
}

/// The place of a change in an interval; `nil` where the decision only varies smoothly.
private func change(
  from start: (Double, TriggerDecision), to end: (Double, TriggerDecision), resolution: Double,
  _ decide: (Double) -> TriggerDecision
) -> Double? {
  var (low, left, high, right) = (start.0, start.1, end.0, end.1)
  while high - low > resolution {
    let middle = (low + high) / 2
    let decision = decide(middle)
    let isInLeftHalf =
      left.action != right.action
      ? decision.action != left.action
      : abs(decision.fraction - left.fraction) > abs(right.fraction - decision.fraction)
    if isInLeftHalf {
      (high, right) = (middle, decision)
    } else {
      (low, left) = (middle, decision)
    }
  }
  return left.differs(from: right, by: 1e-6) ? (low + high) / 2 : nil
}

extension TriggerDecision {
  fileprivate func differs(from other: TriggerDecision, by tolerance: Double) -> Bool {
    action != other.action || abs(fraction - other.fraction) > tolerance
  }
}
