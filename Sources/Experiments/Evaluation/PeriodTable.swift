import Algebra
public import Markets
public import Rebalancing

/// Policies on replayed data, scored by calendar windows: crises apart from the rest.
///
/// The whole of the data is replayed once from the first day after the warm-up, whatever the episodes
/// of the task; a window takes the steps whose decision lies in it, so a portfolio enters it as the
/// policy has led it there. It is one path: there is no error to state. A window that the decisions do
/// not cover, but for a week at either end, is not scored.
public struct PeriodTable: Sendable, Encodable {
  public var environment: String
  public var firstDate: CalendarDate
  public var lastDate: CalendarDate
  public var windows: [Window]

  /// What the policies did in one window.
  public struct Window: Sendable, Encodable {
    public var window: CalendarWindow
    public var isCovered: Bool
    /// In the order given; `nil` where the data does not cover the window.
    public var policies: [Row]?

    enum CodingKeys: String, CodingKey {
      case name, from, through, policies
      case isCovered = "covered"
    }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(window.name, forKey: .name)
      try container.encode(window.from, forKey: .from)
      try container.encode(window.through, forKey: .through)
      try container.encode(isCovered, forKey: .isCovered)
      // What is missing is said to be null.
      try container.encode(policies, forKey: .policies)
    }
  }

  /// One policy in one window.
  public struct Row: Sendable, Hashable, Encodable {
    public var name: String
    public var steps: Int
    /// Terms of the cost and their sum, basis points of value per year.
    public var cost: Double
    public var transaction: Double
    public var tax: Double
    public var drift: Double
    /// One-way, per year.
    public var turnover: Double
    /// Annualised standard deviation of the active return of a step, before costs; basis points.
    public var trackingError: Double
    public var trades: Int
    /// Net of costs and tax, over the window.
    public var totalReturn: Double
    /// The largest fall from a high within the window.
    public var drawdown: Double

    enum CodingKeys: String, CodingKey {
      case name, steps, trades
      case cost = "cost_bp_per_year"
      case transaction = "transaction_bp"
      case tax = "tax_bp"
      case drift = "drift_bp"
      case turnover = "turnover_per_year"
      case trackingError = "tracking_error_bp"
      case totalReturn = "return"
      case drawdown
    }
  }

  enum CodingKeys: String, CodingKey {
    case windows
    case environment = "env"
    case firstDate = "first_date"
    case lastDate = "last_date"
  }

  /// - Parameters:
  ///   - windows: may overlap.
  ///   - workers: policies are played side by side; the result does not depend on it.
  /// - Throws: where the task replays no data.
  public init(
    _ task: RebalancingTask, policies: [any Trigger], windows: [CalendarWindow], workers: Int = 2
  ) throws(SpecError) {
    let task = try task.replayingAll()
    var plays = policies.map { WindowPlay(task, $0, windows) }
    forEachConcurrently(in: &plays, workers: workers) { _, play in play.run() }
    guard let (first, last) = plays.first?.dates else {
      throw SpecError(file: task.id, "at least one policy is needed")
    }
    environment = task.id
    (firstDate, lastDate) = (first, last)
    self.windows = windows.enumerated().map { index, window in
      let isCovered =
        first.adding(days: -7) <= window.from && window.through <= last.adding(days: 7)
      let rows = plays.compactMap { $0.row(index) }
      return Window(
        window: window, isCovered: isCovered && rows.count == plays.count,
        policies: isCovered && rows.count == plays.count ? rows : nil)
    }
  }
}

extension RebalancingTask {
  /// The task with one episode, of all its data.
  fileprivate func replayingAll() throws(SpecError) -> RebalancingTask {
    guard case .historical(let market) = market else {
      throw SpecError(
        file: id, "windows of days are looked at on data that is replayed: market historical")
    }
    var task = self
    do throws(HistoryTooShort) {
      let whole = try HistoricalMarket(
        history: market.history, table: market.table, warmup: market.warmup, horizon: nil,
        start: .fixed)
      (task.market, task.horizon) = (.historical(whole), whole.horizon)
    } catch { throw SpecError(file: id, "\(error)") }
    return task
  }
}

/// One policy's way through the data.
private struct WindowPlay: Sendable {
  private let task: RebalancingTask
  private let policy: any Trigger
  private let windows: [CalendarWindow]
  private var sums: [Sums]
  private(set) var dates: (first: CalendarDate, last: CalendarDate)?

  private struct Sums: Sendable {
    var sample = PathSample()
    var trades = 0
    var active = RunningStatistics()
    var (value, high, drawdown) = (1.0, 1.0, 0.0)

    mutating func add(_ outcome: StepOutcome) {
      sample.add(outcome)
      trades += outcome.isTrade ? 1 : 0
      active.add(outcome.activeReturn)
      // What flows in or out is no return.
      value *= (outcome.valueAfter - outcome.flow) / outcome.valueBefore
      high = max(high, value)
      drawdown = max(drawdown, 1 - value / high)
    }
  }

  init(_ task: RebalancingTask, _ policy: any Trigger, _ windows: [CalendarWindow]) {
    self.task = task.informing(policy)
    self.policy = policy
    self.windows = windows
    sums = windows.map { _ in Sums() }
  }

  mutating func run() {
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 0)
    let first = environment.date
    while !environment.hasEnded {
      let date = environment.date
      let outcome = environment.advance(policy.decide(environment.snapshot))
      for (index, window) in windows.enumerated()
      where window.from <= date && date <= window.through {
        sums[index].add(outcome)
      }
      dates = (first, date)
    }
  }

  /// `nil` where no step lies in the window.
  func row(_ window: Int) -> PeriodTable.Row? {
    let (sum, sample) = (sums[window], sums[window].sample)
    guard sample.steps > 0 else { return nil }
    let perYear = task.stepsPerYear / sample.steps
    return PeriodTable.Row(
      name: policy.name, steps: Int(sample.steps), cost: sample.cost * perYear * 1e4,
      transaction: sample.transaction * perYear * 1e4, tax: sample.tax * perYear * 1e4,
      drift: sample.drift * perYear * 1e4, turnover: sample.turnover * perYear,
      trackingError: sum.active.standardDeviation * task.stepsPerYear.squareRoot() * 1e4,
      trades: sum.trades, totalReturn: sum.value - 1, drawdown: sum.drawdown)
  }
}

extension PeriodTable {
  /// The table that people read, at most 80 columns wide.
  public var table: String {
    let hasTax = windows.contains { $0.policies?.contains { $0.tax != 0 } ?? false }
    var table = TextTable(
      ["policy", ">cost", ">trade"] + (hasTax ? [">tax"] : [])
        + [">turn %", ">TE bp", ">trades", ">return %", ">fall %"])
    for window in windows {
      table.add(
        ["\(window.window.name):"] + Array(repeating: "", count: hasTax ? 8 : 7))
      guard let rows = window.policies else {
        table.add(["  not covered"] + Array(repeating: "–", count: hasTax ? 8 : 7))
        continue
      }
      for row in rows {
        let cells: [String] =
          [row.cost.fixed(2), row.transaction.fixed(2)] + (hasTax ? [row.tax.fixed(2)] : [])
        table.add(
          ["  " + shortName(row.name)] + cells + [
            (row.turnover * 100).fixed(1), row.trackingError.fixed(1), "\(row.trades)",
            (row.totalReturn * 100).fixed(2), (row.drawdown * 100).fixed(2),
          ])
      }
    }
    let spans = windows.map { "\($0.window.name): \($0.window.from) to \($0.window.through)" }
    return table.text + "\n" + spans.joined(separator: "\n") + "\n"
      + "cost: trade, drift and tax in bp per year; TE: of the active return; one path,\n"
      + "\(firstDate) to \(lastDate): return and largest fall within the window, net"
  }
}
