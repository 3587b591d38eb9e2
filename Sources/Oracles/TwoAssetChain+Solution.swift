import Algebra
import Foundation
import Rebalancing

/// The optimum of the two-asset chain over a set of actions.
public struct ExactSolution: Sendable, Hashable {
  /// What the optimal policy costs.
  public var score: ExactScore
  /// The weights around the target at which nothing is done.
  public var noTrade: ClosedRange<Double>
  /// Below this weight it is best to trade all the way; `nil` where it never is.
  public var fullTradeBelow: Double?
  /// Above this weight it is best to trade all the way; `nil` where it never is.
  public var fullTradeAbove: Double?
}

extension TwoAssetChain {
  /// What a decision may do.
  public enum ActionSet: Sendable, Hashable {
    /// Go one of these fractions of the way to target; 0 is among them.
    case fractions([Double])
    /// Go anywhere: the optimum is to trade to the edge of the no-trade region.
    case unrestricted
  }

  /// The optimum, by policy iteration (Howard 1960): solve the Bellman equation of the present policy,
  /// improve the policy, until its cost no longer falls.
  public func solve(_ actions: ActionSet) throws(NoStationaryLaw) -> ExactSolution {
    switch actions {
    case .fractions(let fractions): try solve(fractions: fractions)
    case .unrestricted: try solveUnrestricted()
    }
  }

  // MARK: - Bellman equation of one policy

  /// The relative value of every weight under a policy.
  struct RelativeValue {
    let chain: TwoAssetChain
    var quadrature: Quadrature
    /// Expected cost to come over the average, before the decision, at the nodes.
    var values: [Double]
    /// Average cost per step.
    let average: Double

    /// The value of holding log-odds `z` after the decision, before the market moves.
    func afterDecision(_ z: Double) -> Double {
      quadrature.normalMean(
        of: values, centre: z + chain.mean, deviation: chain.deviation,
        reach: TwoAssetChain.reach)
    }

    /// Cost to come of moving weight `w` to `v`.
    func cost(from w: Double, to v: Double) -> Double {
      chain.cost(from: w, to: v) + afterDecision(logOdds(v))
    }
  }

  /// Solves h + g = c + K h at the nodes for the relative values h and the average cost g.
  private func relativeValue(
    of policy: WeightPolicy, on domain: ClosedRange<Double>
  ) throws(NoStationaryLaw) -> RelativeValue {
    let quadrature = try quadrature(on: domain, breakpoints: policy.breakpoints)
    let count = quadrature.nodes.count
    let order = count + 1
    var columns = [Double](repeating: 0, count: order * order)
    var solution = [Double](repeating: 0, count: order)
    let anchor = quadrature.range(from: targetLogOdds, to: .infinity).lowerBound
    for i in 0..<count {
      let before = weight(quadrature.nodes[i])
      let after = policy.destination(before)
      let centre = logOdds(after) + mean
      let near = quadrature.range(
        from: centre - Self.reach * deviation, to: centre + Self.reach * deviation)
      let shares = near.map {
        quadrature.weights[$0] * normalDensity((quadrature.nodes[$0] - centre) / deviation)
      }
      let mass = shares.reduce(0, +)
      for (j, share) in zip(near, shares) { columns[j * order + i] = -share / mass }
      columns[i * order + i] += 1
      columns[count * order + i] = 1
      solution[i] = cost(from: before, to: after)
    }
    // Values are relative: the node at the target is the zero.
    columns[min(anchor, count - 1) * order + count] = 1
    do { try solveLinearSystem(columns: &columns, rightHandSides: &solution) } catch {
      throw NoStationaryLaw(description: "the Bellman equation has no unique solution: \(error)")
    }
    let average = solution.removeLast()
    guard average.isFinite else {
      throw NoStationaryLaw(description: "the chain leaves every range of numbers")
    }
    return RelativeValue(
      chain: self, quadrature: quadrature, values: solution, average: average)
  }

  /// The no-trade region to start from, in log-odds.
  private var firstGuess: ClosedRange<Double> {
    let width = closedFormHalfWidth(
      costPerUnit: costPerUnit, riskAversion: riskAversion, target: target)
    let z = targetLogOdds
    let half = max(min(width / (target * (1 - target)), 2), deviation / 4)
    return (z - half)...(z + half)
  }

  private func widened(_ range: ClosedRange<Double>, by deviations: Double) -> ClosedRange<Double> {
    let z = targetLogOdds
    let margin = deviations * deviation + abs(mean)
    let low = max(range.lowerBound - margin, z - limit)
    let high = min(range.upperBound + margin, z + limit)
    return low...high
  }

  // MARK: - Anywhere

  private func solveUnrestricted() throws(NoStationaryLaw) -> ExactSolution {
    var region = firstGuess
    for _ in 0..<60 {
      let (low, high) = (weight(region.lowerBound), weight(region.upperBound))
      let policy = WeightPolicy(
        destination: { min(max($0, low), high) }, breakpoints: [low, high])
      let value = try relativeValue(of: policy, on: widened(region, by: 2 * Self.reach + 1))
      let next = bestRegion(value, around: region)
      let change = max(
        abs(next.lowerBound - region.lowerBound), abs(next.upperBound - region.upperBound))
      region = next
      // Golden sections place a minimum to about the root of the rounding error.
      if change < 1e-6 { break }
    }
    let (low, high) = (weight(region.lowerBound), weight(region.upperBound))
    let score = try score(
      WeightPolicy(destination: { min(max($0, low), high) }, breakpoints: [low, high]))
    return ExactSolution(score: score, noTrade: low...high)
  }

  /// The best destinations when buying and when selling.
  private func bestRegion(
    _ value: RelativeValue, around region: ClosedRange<Double>
  ) -> ClosedRange<Double> {
    let range = widened(region, by: Self.reach)
    let buy = minimum(on: range) { z in
      value.cost(from: 0, to: weight(z))
    }
    let sell = minimum(on: range) { z in
      value.cost(from: 1, to: weight(z))
    }
    return min(buy, sell)...max(buy, sell)
  }

  /// The place of the smallest value: a scan, then golden sections.
  private func minimum(on range: ClosedRange<Double>, _ f: (Double) -> Double) -> Double {
    let count = max(8, Int((range.upperBound - range.lowerBound) / (deviation / 4)))
    let step = (range.upperBound - range.lowerBound) / Double(count)
    let values = (0...count).map { f(range.lowerBound + Double($0) * step) }
    let best = values.indices.min { values[$0] < values[$1] } ?? 0
    var a = range.lowerBound + Double(max(best - 1, 0)) * step
    var b = range.lowerBound + Double(min(best + 1, count)) * step
    let ratio = (5.0.squareRoot() - 1) / 2
    var (c, d) = (b - ratio * (b - a), a + ratio * (b - a))
    var (fc, fd) = (f(c), f(d))
    while b - a > 1e-9 {
      if fc < fd {
        (b, d, fd) = (d, c, fc)
        c = b - ratio * (b - a)
        fc = f(c)
      } else {
        (a, c, fc) = (c, d, fd)
        d = a + ratio * (b - a)
        fd = f(d)
      }
    }
    return (a + b) / 2
  }

  // MARK: - Fractions of the way

  /// A policy over fractions: the action of each interval of log-odds.
  private struct FractionPolicy {
    /// Ascending log-odds between intervals.
    var cuts: [Double]
    /// One more than cuts.
    var actions: [Int]

    func action(at z: Double) -> Int {
      var index = 0
      while index < cuts.count, z >= cuts[index] { index += 1 }
      return actions[index]
    }

    /// Trades as another policy does beyond a range where the rim would do nothing.
    ///
    /// - Returns: whether that was so, and the next improvement must look farther.
    mutating func close(at range: ClosedRange<Double>, like other: FractionPolicy) -> Bool {
      let isOpen = actions.first == 0 || actions.last == 0
      if actions.first == 0 {
        cuts.insert(range.lowerBound, at: 0)
        actions.insert(other.actions[0], at: 0)
      }
      if actions.last == 0 {
        cuts.append(range.upperBound)
        actions.append(other.actions[other.actions.count - 1])
      }
      return isOpen
    }

    /// Whether the actions are the same and change at the same places, to 1e-7.
    func isClose(to other: FractionPolicy) -> Bool {
      actions == other.actions && zip(cuts, other.cuts).allSatisfy { abs($0 - $1) < 1e-7 }
    }

    /// The hull of the intervals where nothing is done.
    func noTrade(else z: Double) -> ClosedRange<Double> {
      guard let first = actions.firstIndex(of: 0), let last = actions.lastIndex(of: 0) else {
        return z...z
      }
      let low = first == 0 ? -Double.infinity : cuts[first - 1]
      let high = last == cuts.count ? Double.infinity : cuts[last]
      return min(low, high)...max(low, high)
    }
  }

  private func weightPolicy(_ policy: FractionPolicy, _ fractions: [Double]) -> WeightPolicy {
    let target = target
    return WeightPolicy(
      destination: { w in
        w + fractions[policy.action(at: logOdds(w))] * (target - w)
      }, breakpoints: policy.cuts.map(weight))
  }

  private func solve(fractions: [Double]) throws(NoStationaryLaw) -> ExactSolution {
    guard let farthest = fractions.indices.max(by: { fractions[$0] < fractions[$1] }),
      fractions[farthest] > 0, fractions[0] == 0
    else {
      throw NoStationaryLaw(description: "the actions \(fractions) never trade")
    }
    let guess = firstGuess
    var policy = FractionPolicy(
      cuts: [guess.lowerBound, guess.upperBound], actions: [farthest, 0, farthest])
    var best = Double.infinity
    for _ in 0..<200 {
      let region = bounded(policy.noTrade(else: targetLogOdds))
      let value = try relativeValue(
        of: weightPolicy(policy, fractions), on: widened(region, by: 2 * Self.reach + 1))
      let range = widened(region, by: Self.reach)
      var next = improved(value, fractions, on: range)
      // What trades at the rim is not an improvement but a guess: it may cost more for once.
      let isOpen = next.close(at: range, like: policy)
      // Where the chain never goes the policy may still improve when the cost no longer falls.
      if !isOpen, value.average >= best * (1 - 1e-12) || value.average == 0,
        next.isClose(to: policy)
      {
        return try solution(next, value, fractions)
      }
      best = isOpen ? .infinity : min(best, value.average)
      policy = next
    }
    throw NoStationaryLaw(description: "policy iteration over \(fractions) does not settle")
  }

  private func bounded(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
    range.clamped(to: (targetLogOdds - limit)...(targetLogOdds + limit))
  }

  /// The cheapest action at log-odds `z`, ties to the lower index.
  private func bestAction(
    _ value: RelativeValue, _ fractions: [Double], at z: Double, from first: Int = 0
  ) -> Int {
    let w = weight(z)
    let costs = fractions[first...].map { value.cost(from: w, to: w + $0 * (target - w)) }
    return first + (costs.indices.min { costs[$0] < costs[$1] } ?? 0)
  }

  /// The policy of cheapest actions: a scan, with the changes placed by bisection.
  private func improved(
    _ value: RelativeValue, _ fractions: [Double], on range: ClosedRange<Double>,
    from first: Int = 0
  ) -> FractionPolicy {
    let places = places(on: range)
    var policy = FractionPolicy(
      cuts: [], actions: [bestAction(value, fractions, at: places[0], from: first)])
    for (a, b) in zip(places, places.dropFirst()) {
      let left = policy.actions[policy.actions.count - 1]
      let right = bestAction(value, fractions, at: b, from: first)
      guard left != right else { continue }
      var (low, high) = (a, b)
      while high - low > 1e-11 {
        let middle = (low + high) / 2
        if bestAction(value, fractions, at: middle, from: first) == left {
          low = middle
        } else {
          high = middle
        }
      }
      policy.cuts.append((low + high) / 2)
      policy.actions.append(right)
    }
    return policy
  }

  // MARK: - Far from the target

  private func solution(
    _ policy: FractionPolicy, _ value: RelativeValue, _ fractions: [Double]
  ) throws(NoStationaryLaw) -> ExactSolution {
    let region = policy.noTrade(else: targetLogOdds)
    let score = try score(weightPolicy(policy, fractions))
    var solution = ExactSolution(
      score: score, noTrade: weight(region.lowerBound)...weight(region.upperBound))
    guard let full = fractions.firstIndex(of: 1) else { return solution }
    solution.fullTradeBelow = fullTrade(from: region.lowerBound, -1, value, fractions, full)
    solution.fullTradeAbove = fullTrade(from: region.upperBound, 1, value, fractions, full)
    return solution
  }

  /// The weight beyond which the full trade is best, going outward from the no-trade region.
  ///
  /// Far out, values follow from those nearer the target, because every trade leads there: panels of
  /// nodes are added one by one.
  private func fullTrade(
    from edge: Double, _ direction: Double, _ value: RelativeValue, _ fractions: [Double],
    _ full: Int
  ) -> Double? {
    var value = value
    var near = edge
    let width = 2 * deviation
    if bestAction(value, fractions, at: edge, from: 1) == full { return weight(edge) }
    while abs(near - targetLogOdds) < limit {
      let far = near + direction * width
      value.extend(to: far, direction: direction, fractions: fractions)
      if bestAction(value, fractions, at: far, from: 1) == full {
        let cuts = improved(
          value, fractions, on: min(near, far)...max(near, far), from: 1)
        return (direction < 0 ? cuts.cuts.first : cuts.cuts.last).map(weight)
      }
      near = far
    }
    return nil
  }
}

extension TwoAssetChain {
  /// Whether trades from a panel land so far nearer the target that no step returns beyond `rim`.
  fileprivate func leavesBehind(
    _ rim: Double, from panel: Quadrature, _ direction: Double, _ fractions: [Double]
  ) -> Bool {
    let far = weight(direction < 0 ? panel.bounds.lowerBound : panel.bounds.upperBound)
    return fractions.dropFirst().allSatisfy { fraction in
      let landing = logOdds(far + fraction * (target - far)) + mean
      return (rim - landing) * direction > Self.reach * deviation
    }
  }
}

extension TwoAssetChain.RelativeValue {
  /// Adds panels until the nodes cover a step from `z`; their values are those of the best trade.
  mutating func extend(to z: Double, direction: Double, fractions: [Double]) {
    let width = 2 * chain.deviation
    let needed = z + direction * (TwoAssetChain.reach + 2) * chain.deviation
    while true {
      let bounds = quadrature.bounds
      let rim = direction < 0 ? bounds.lowerBound : bounds.upperBound
      guard (needed - rim) * direction > 0 else { return }
      let panel = Quadrature(
        from: min(rim, rim + direction * width), to: max(rim, rim + direction * width),
        breakpoints: [], panelWidth: width)
      let added = add(panel, below: direction < 0)
      // More than one pass only where a trade is so short that it leads back to the panel.
      let passes = chain.leavesBehind(rim, from: panel, direction, fractions) ? 1 : 4
      for _ in 0..<passes {
        for i in direction < 0 ? Array(added.reversed()) : Array(added) {
          let w = weight(quadrature.nodes[i])
          let costs = fractions.dropFirst().map {
            cost(from: w, to: w + $0 * (chain.target - w))
          }
          values[i] = (costs.min() ?? 0) - average
        }
      }
    }
  }

  /// Joins a panel with the value at the rim as a first guess; returns where its nodes stand.
  private mutating func add(_ panel: Quadrature, below: Bool) -> Range<Int> {
    let count = panel.nodes.count
    if below {
      values = Array(repeating: values[0], count: count) + values
      quadrature = Quadrature(below: panel, above: quadrature)
      return 0..<count
    }
    values += Array(repeating: values[values.count - 1], count: count)
    quadrature = Quadrature(below: quadrature, above: panel)
    return values.count - count..<values.count
  }
}
