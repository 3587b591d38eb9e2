import Algebra

/// One step of all copies in terms of cells.
package struct TabularStep: Sendable {
  /// Shape [copies, tilings]: the cells before the step.
  package var cells: [Int32]
  /// Shape [copies].
  package var actions: [Int32]
  /// Shape [copies].
  package var rewards: [Float]
  /// Shape [copies, tilings]: the cells that the step led to, in the same episode.
  package var futures: [Int32]
  /// Shape [copies]: whether there is no future.
  package var terminated: [Bool]
  /// Shape [copies]: the action taken there, or −1 where none is; SARSA learns from it.
  package var nextActions: [Int32]
  /// Shape [copies]: which of two tables learns.
  package var coins: [Int32]

  package init(copies: Int, tilings: Int) {
    cells = Array(repeating: 0, count: copies * tilings)
    futures = cells
    actions = Array(repeating: 0, count: copies)
    (nextActions, coins) = (actions, actions)
    rewards = Array(repeating: 0, count: copies)
    terminated = Array(repeating: false, count: copies)
  }
}

/// Action values over cells, visits and the reward rate, and the rule by which they learn.
///
/// The value of an action is the sum over tilings of the values of its cells; under Double Q there are
/// two tables, and their sum acts.
package struct ActionValueTable: Sendable {
  let method: TabularMethod
  let tilings: Int
  /// Cells of all tilings.
  let rows: Int
  let actionCount: Int
  /// Shape [tables, rows, actions], and so the visits.
  var values: [Double]
  var visits: [UInt32]
  /// R̄; 0 under `discounted`.
  var averageReward = 0.0
  /// Σ δ² since it was last set to zero.
  var squaredErrors = 0.0
  /// ε of the policy that acts.
  package var epsilon = 0.0
  /// What the schedule leaves of every step size.
  var stepSizeFactor = 1.0
  let discount: Double
  private let rewardRate: Double
  private let stepSizes: VisitStepSizes

  package init(
    discretizer: TabularDiscretizer, actionCount: Int, configuration: TabularConfiguration
  ) {
    method = configuration.method
    tilings = discretizer.tilings
    rows = discretizer.cells
    self.actionCount = actionCount
    let tables = method == .doubleQ ? 2 : 1
    let count = tables * rows * actionCount
    values = Array(repeating: configuration.initialValue / Double(tilings), count: count)
    visits = Array(repeating: 0, count: count)
    let isDifferential = configuration.criterion == .averageReward
    discount = isDifferential ? 1 : configuration.discount
    rewardRate = isDifferential ? configuration.averageRewardStepSize : 0
    stepSizes = VisitStepSizes(
      first: configuration.stepSize, power: configuration.stepSizePower,
      minimum: configuration.minimumStepSize)
  }

  /// Number of tables.
  var tables: Int { method == .doubleQ ? 2 : 1 }
  private var shape: Shape {
    Shape(tilings: tilings, actions: actionCount, table: rows * actionCount)
  }

  /// The mean of the tables.
  func policy(_ discretizer: TabularDiscretizer) -> QTable {
    let count = rows * actionCount
    let means =
      tables == 1
      ? values.map { Float($0) } : (0..<count).map { Float((values[$0] + values[count + $0]) / 2) }
    return QTable(discretizer: discretizer, actionCount: actionCount, values: means)
  }

  /// Writes the best action of every copy, the lowest of equals, where `choices` has −1, else the
  /// choice.
  ///
  /// - Parameter cells: shape [copies, tilings].
  func act(at cells: [Int32], choices: [Int32], into actions: inout [Int32]) {
    let (values, cells, choices) = (values.span, cells.span, choices.span)
    let (shape, tables) = (shape, tables)
    var actions = actions.mutableSpan
    for copy in 0..<actions.count {
      let best =
        tables == 1 && shape.tilings == 1
        ? shape.bestOfCell(values, cells, copy)
        : shape.best(values, cells, copy, tables: 0..<tables).action
      actions[copy] = choices[copy] < 0 ? best : choices[copy]
    }
  }

  /// Learns every copy's step from the value that follows, one after another.
  ///
  /// δ = R − R̄ + γ V(S′) − Q(S, A);  Q(S, A) ← Q(S, A) + αδ;  R̄ ← R̄ + ηαδ, where V(S′) is that of the
  /// method and 0 after a termination (differential: Wan, Naik and Sutton 2021, with γ = 1).
  package mutating func learn(_ step: TabularStep) {
    var rate = RewardRate(value: averageReward, stepSize: rewardRate, squaredErrors: squaredErrors)
    shape.learn(
      step, method, &values, &visits, &rate, discount: discount, epsilon: epsilon, stepSizes,
      factor: stepSizeFactor)
    (averageReward, squaredErrors) = (rate.value, rate.squaredErrors)
  }

  // MARK: - Single copies, for returns over several steps

  /// V(S′) of a copy's step as each table learns from it; 0 after a termination.
  func future(_ step: TabularStep, copy: Int, table: Int) -> Double {
    step.terminated[copy]
      ? 0
      : shape.future(
        values.span, step.futures.span, copy, method, table: table,
        nextAction: step.nextActions[copy], epsilon: epsilon)
  }

  /// Whether an action is not among the best of a copy's cells.
  func isExploratory(_ step: TabularStep, copy: Int) -> Bool {
    let (action, tables) = (Int(step.actions[copy]), tables)
    let (values, cells) = (values.span, step.cells.span)
    let best = shape.best(values, cells, copy, tables: 0..<tables)
    var value = 0.0
    for table in 0..<tables { value += shape.value(values, cells, copy, action, table: table) }
    return value < best.value
  }

  /// Moves the value of an action at `row` of `cells` towards a return.
  mutating func learn(cells: [Int32], row: Int, action: Int, table: Int, from target: Double) {
    let error = target - shape.value(values.span, cells.span, row, action, table: table)
    let change = shape.move(
      &values, &visits, cells, row, action, table: table, by: error, stepSizes, stepSizeFactor)
    averageReward += rewardRate * change
    squaredErrors += error * error
  }
}

/// R̄ and what is counted beside it, in registers during a step.
private struct RewardRate {
  var value: Double
  /// η.
  let stepSize: Double
  var squaredErrors: Double
}

/// Where the values of a cell and an action lie.
private struct Shape {
  let tilings: Int
  let actions: Int
  /// Values of one table.
  let table: Int

  @inline(__always) func index(
    _ cells: Span<Int32>, _ row: Int, _ tiling: Int, _ action: Int, _ table: Int
  ) -> Int {
    table &* self.table &+ Int(cells[row &* tilings &+ tiling]) &* actions &+ action
  }

  /// Q(S, A): the sum over tilings.
  @inline(__always) func value(
    _ values: Span<Double>, _ cells: Span<Int32>, _ row: Int, _ action: Int, table: Int
  ) -> Double {
    var sum = values[index(cells, row, 0, action, table)]
    for tiling in 1..<max(tilings, 1) { sum += values[index(cells, row, tiling, action, table)] }
    return sum
  }

  /// The largest value and its action, the lowest of equals; values are sums over tables.
  @inline(__always) func best(
    _ values: Span<Double>, _ cells: Span<Int32>, _ row: Int, tables: Range<Int>
  ) -> (value: Double, action: Int32) {
    var best = (value: -Double.infinity, action: Int32(0))
    for action in 0..<actions {
      var sum = 0.0
      for table in tables { sum += value(values, cells, row, action, table: table) }
      if sum > best.value { best = (sum, Int32(truncatingIfNeeded: action)) }
    }
    return best
  }

  /// The best action of the only cell, the lowest of equals.
  @inline(__always) func bestOfCell(
    _ values: Span<Double>, _ cells: Span<Int32>, _ row: Int
  ) -> Int32 {
    let start = Int(cells[row]) &* actions
    var (best, found) = (values[start], Int32(0))
    for action in 1..<max(actions, 1) {
      let value = values[start &+ action]
      found = value > best ? Int32(truncatingIfNeeded: action) : found
      best = value > best ? value : best
    }
    return found
  }

  /// V(S′) as a table learns from it.
  @inline(__always) func future(
    _ values: Span<Double>, _ cells: Span<Int32>, _ row: Int, _ method: TabularMethod, table: Int,
    nextAction: Int32, epsilon: Double
  ) -> Double {
    switch method {
    case .qLearning:
      var best = value(values, cells, row, 0, table: 0)
      for action in 1..<max(actions, 1) {
        let other = value(values, cells, row, action, table: 0)
        best = other > best ? other : best
      }
      return best
    case .sarsa where nextAction >= 0:
      return value(values, cells, row, Int(nextAction), table: 0)
    case .sarsa, .expectedSarsa:
      var sum = 0.0
      for action in 0..<actions { sum += value(values, cells, row, action, table: 0) }
      let best = best(values, cells, row, tables: 0..<1).value
      return epsilon * (sum / Double(actions)) + (1 - epsilon) * best
    case .doubleQ:
      let chosen = best(values, cells, row, tables: table..<table + 1).action
      return value(values, cells, row, Int(chosen), table: 1 - table)
    }
  }

  /// Learns every copy's step, one after another.
  @inline(__always) func learn(
    _ step: TabularStep, _ method: TabularMethod, _ values: inout [Double],
    _ visits: inout [UInt32], _ rate: inout RewardRate, discount: Double, epsilon: Double,
    _ sizes: VisitStepSizes, factor: Double
  ) {
    var values = values.mutableSpan
    var visits = visits.mutableSpan
    let (cells, actions, rewards) = (step.cells.span, step.actions.span, step.rewards.span)
    let (futures, terminated) = (step.futures.span, step.terminated.span)
    let (nextActions, coins, list) = (step.nextActions.span, step.coins.span, sizes.list.span)
    for copy in 0..<actions.count {
      let action = Int(actions[copy])
      let table = method == .doubleQ ? Int(coins[copy]) : 0
      let future = future(
        values.span, futures, copy, method, table: table, nextAction: nextActions[copy],
        epsilon: epsilon)
      let value = value(values.span, cells, copy, action, table: table)
      let target =
        Double(rewards[copy]) - rate.value + (terminated[copy] ? 0 : discount * future)
      let error = target - value
      let change = move(
        &values, &visits, cells, copy, action, table: table, by: error, list, sizes.rule, factor)
      rate.value += rate.stepSize * change
      rate.squaredErrors += error * error
    }
  }

  /// The same for arrays.
  func move(
    _ values: inout [Double], _ visits: inout [UInt32], _ cells: [Int32], _ row: Int,
    _ action: Int, table: Int, by error: Double, _ sizes: VisitStepSizes, _ factor: Double
  ) -> Double {
    var values = values.mutableSpan
    var visits = visits.mutableSpan
    return move(
      &values, &visits, cells.span, row, action, table: table, by: error, sizes.list.span,
      sizes.rule, factor)
  }

  /// Adds a step size times the error to the value of an action, in equal parts over tilings.
  ///
  /// - Returns: the change of the value.
  @inline(__always) func move(
    _ values: inout MutableSpan<Double>, _ visits: inout MutableSpan<UInt32>,
    _ cells: Span<Int32>, _ row: Int, _ action: Int, table: Int, by error: Double,
    _ sizes: Span<Double>, _ rule: VisitStepSizes.Rule, _ factor: Double
  ) -> Double {
    var sum = 0.0
    let share = factor / Double(tilings)
    for tiling in 0..<tilings {
      let index = index(cells, row, tiling, action, table)
      let change = rule.next(&visits[index], sizes) * share * error
      values[index] += change
      sum += change
    }
    return sum
  }
}

/// α of the n-th visit: max(α₁ n^−ω, minimum).
struct VisitStepSizes: Sendable {
  /// α of visit n at place n, up to the minimum or the limit.
  let list: [Double]
  let rule: Rule
  /// A megabyte: beyond it α changes by a hundred-thousandth part a visit, and is computed anew.
  private static let limit = 1 << 17

  init(first: Double, power: Double, minimum: Double) {
    var list = [max(first, minimum), max(first, minimum)]
    while power > 0, list[list.count - 1] > minimum, list.count < Self.limit {
      let size = Rule.size(Double(list.count), first, power)
      list.append(max(size, minimum))
    }
    self.list = list
    rule = Rule(
      first: first, power: power, minimum: minimum, isComplete: list[list.count - 1] <= minimum)
  }

  /// How α goes on beyond the list.
  struct Rule: Sendable {
    let first: Double
    let power: Double
    let minimum: Double
    /// Whether the list ends at the minimum.
    let isComplete: Bool

    /// Counts a visit and gives its α.
    @inline(__always) func next(_ visits: inout UInt32, _ list: Span<Double>) -> Double {
      guard power > 0 else { return list[1] }
      visits &+= visits == .max ? 0 : 1
      let n = Int(visits)
      if n < list.count { return list[n] }
      return isComplete ? minimum : max(Self.size(Double(n), first, power), minimum)
    }

    /// α₁ n^−ω.
    @inline(never) static func size(_ n: Double, _ first: Double, _ power: Double) -> Double {
      first * Double.exp(-power * Double.log(n))
    }
  }
}
