public import Algebra
public import Markets

/// From when on a holding is long-term.
public enum LongTermRule: Sendable, Hashable {
  /// The day after the anniversary of the purchase (US; 26 U.S.C. 1222, Rev. Rul. 66-7).
  ///
  /// The holding period begins on the day after the purchase and must exceed one year: the first
  /// long-term day is the same day of the next year, 1 March where that is a 29 February.
  case moreThanOneYear
  /// So many days after the purchase.
  case days(Int)

  /// The first day on which what was bought on `day` is long-term.
  public func firstLongTermDay(boughtOn day: CalendarDate) -> CalendarDate {
    switch self {
    case .days(let days): return day.adding(days: days)
    case .moreThanOneYear:
      let begin = day.adding(days: 1)
      return CalendarDate(year: begin.year + 1, month: begin.month, day: begin.day)
        ?? begin.adding(days: 366)
    }
  }
}

/// A day in each lane, with the line between short and long term on it.
public struct TradingDay<L: Lanes>: Sendable {
  /// Days since 1970-01-01.
  public let day: L
  /// What is held since this day, or for longer, is long-term.
  public let longSince: L
}

/// A long-term rule, tabulated over the days of an episode and the years before it.
public struct LongTermTable: Sendable {
  /// The rule.
  public let rule: LongTermRule
  /// The first tabulated day.
  private let first: Int
  /// The first long-term day of what was bought on each day.
  private let firstLongTermDays: [Double]
  /// The last day of purchase that is long-term on each day.
  private let lastLongTermPurchases: [Double]

  /// Tabulates `count` days from `day`; days elsewhere are computed when asked for.
  public init(from day: CalendarDate, count: Int, rule: LongTermRule = .moreThanOneYear) {
    self.rule = rule
    first = day.daysSinceEpoch
    firstLongTermDays = (0..<max(0, count)).map {
      Double(rule.firstLongTermDay(boughtOn: day.adding(days: $0)).daysSinceEpoch)
    }
    lastLongTermPurchases = (0..<max(0, count)).map {
      Double(Self.lastLongTermPurchase(on: day.daysSinceEpoch + $0, rule))
    }
  }

  /// The days that a task may meet, and a year before.
  init(_ task: RebalancingTask) {
    let (first, last) = task.dates
    self.init(from: first.adding(days: -400), count: last.days(since: first) + 800)
  }

  private static func lastLongTermPurchase(on day: Int, _ rule: LongTermRule) -> Int {
    // The rule shifts a day by nearly the same number everywhere.
    let shift = rule.firstLongTermDay(boughtOn: CalendarDate(daysSinceEpoch: day)).daysSinceEpoch
    var purchase = 2 * day - shift + 2
    while rule.firstLongTermDay(boughtOn: CalendarDate(daysSinceEpoch: purchase)).daysSinceEpoch
      > day
    { purchase -= 1 }
    return purchase
  }

  /// The first long-term day of what was bought on a day, both in days since 1970-01-01.
  public func firstLongTermDay(boughtOn day: Double) -> Double {
    let index = Int(day) - first
    if firstLongTermDays.indices.contains(index) { return firstLongTermDays[index] }
    let date = CalendarDate(daysSinceEpoch: Int(day))
    return Double(rule.firstLongTermDay(boughtOn: date).daysSinceEpoch)
  }

  /// A day in each lane, given in days since 1970-01-01.
  public func tradingDay<L: Lanes>(_ day: L) -> TradingDay<L> {
    let common = day[lane: 0]
    var longSince = L(repeating: L.Scalar(lastLongTermPurchase(on: Int(common))))
    // Mostly all lanes are at the same day.
    let isOther = .!L.equal(day, L(repeating: common))
    guard isOther.isAnyTrue else { return TradingDay(day: day, longSince: longSince) }
    for lane in 0..<L.laneCount where isOther[lane: lane] {
      longSince[lane: lane] = L.Scalar(lastLongTermPurchase(on: Int(day[lane: lane])))
    }
    return TradingDay(day: day, longSince: longSince)
  }

  /// The last day of purchase that is long-term on a day.
  private func lastLongTermPurchase(on day: Int) -> Double {
    let index = day - first
    return lastLongTermPurchases.indices.contains(index)
      ? lastLongTermPurchases[index] : Double(Self.lastLongTermPurchase(on: day, rule))
  }
}
