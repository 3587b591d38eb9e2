/// The steps of an update whose returns are not complete, and the returns over several steps.
///
/// The return of a step at s, seen from step t ≥ s of the same episode, is the truncated λ-return
/// (Sutton and Barto 2018, section 12.3):
///
///     G(t) = R(t) − R̄ + γ V(t),   G(i) = R(i) − R̄ + γ [(1 − λ) V(i) + λ G(i + 1)] for i < t
///
/// where R(i) is the reward of step i and V(i) the value of what it led to, as it was at that time. A
/// step is learned when n steps are there, at its episode's end, or at the update's end. λ = 1 is the
/// n-step return.
struct ReturnSegment: Sendable {
  private let copies: Int
  private let tilings: Int
  private let tables: Int
  /// n.
  private let length: Int
  private let traceDecay: Double
  /// Whether λ is 0 before an action that is not greedy.
  private let cutsTraces: Bool
  /// Shape [steps, copies, tilings].
  private var cells: [Int32]
  /// Shape [steps, copies], and so what follows.
  private var actions: [Int32]
  private var coins: [Int32]
  private var rewards: [Double]
  private var isExploratory: [Bool]
  /// Shape [steps, copies, tables].
  private var futures: [Double]
  /// The first step of each copy that is not learned.
  private var first: [Int]

  init(configuration: TabularConfiguration, table: ActionValueTable) {
    copies = configuration.copies
    tilings = table.tilings
    tables = table.tables
    length = configuration.returnSteps
    traceDecay = configuration.traceDecay
    cutsTraces =
      configuration.cutTraces
      && (configuration.method == .qLearning || configuration.method == .doubleQ)
    let count = configuration.rolloutSteps * copies
    cells = Array(repeating: 0, count: count * tilings)
    actions = Array(repeating: 0, count: count)
    coins = actions
    rewards = Array(repeating: 0, count: count)
    isExploratory = Array(repeating: false, count: count)
    futures = Array(repeating: 0, count: count * tables)
    first = Array(repeating: 0, count: copies)
  }

  /// Takes a step of all copies in, and learns what is complete by it.
  ///
  /// - Parameters:
  ///   - number: of the step in its update.
  ///   - ended: whether the copy's episode ended with it.
  ///   - isLast: whether it is the update's last.
  mutating func learn(
    _ step: TabularStep, number: Int, ended: [Bool], isLast: Bool, table: inout ActionValueTable
  ) {
    for copy in 0..<copies {
      let place = number * copies + copy
      for tiling in 0..<tilings {
        cells[place * tilings + tiling] = step.cells[copy * tilings + tiling]
      }
      (actions[place], coins[place]) = (step.actions[copy], step.coins[copy])
      rewards[place] = Double(step.rewards[copy])
      isExploratory[place] = cutsTraces && table.isExploratory(step, copy: copy)
      for k in 0..<tables {
        futures[place * tables + k] = table.future(step, copy: copy, table: k)
      }
      let end = ended[copy] || isLast ? number : number - length + 1
      while first[copy] <= end {
        learn(first[copy], upTo: number, copy: copy, table: &table)
        first[copy] += 1
      }
      if isLast { first[copy] = 0 }
    }
  }

  private func learn(
    _ begin: Int, upTo end: Int, copy: Int, table: inout ActionValueTable
  ) {
    let place = begin * copies + copy
    let which = tables == 1 ? 0 : Int(coins[place])
    var result = 0.0
    for i in stride(from: end, through: begin, by: -1) {
      let at = i * copies + copy
      let future = futures[at * tables + which]
      let isCut = i == end || isExploratory[at + copies]
      let decay = isCut ? 0 : traceDecay
      let following = (1 - decay) * future + decay * result
      result = rewards[at] - table.averageReward + table.discount * following
    }
    table.learn(
      cells: cells, row: place, action: Int(actions[place]), table: which, from: result)
  }
}
