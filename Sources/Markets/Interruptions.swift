/// Whether an asset can be traded.
public enum Availability: UInt8, Sendable, Hashable, CaseIterable, Codable {
  case tradable = 0
  /// For a time.
  case halted = 1
  /// For good.
  case delisted = 2
}

/// Halts and delistings of the assets of a price history.
///
/// A halted asset keeps its last price; the first price after the halt takes in what was missed. A
/// delisted asset is worth `recovery` times its last price from its day on and pays no more.
public struct Interruptions: Sendable, Hashable {
  /// No trading from one day through another, both included.
  public struct Halt: Sendable, Hashable {
    public var asset: String
    public var from: CalendarDate
    public var through: CalendarDate
    public init(asset: String, from: CalendarDate, through: CalendarDate) {
      self.asset = asset
      self.from = from
      self.through = through
    }
  }

  /// No trading from a day on.
  public struct Delisting: Sendable, Hashable {
    public var asset: String
    public var date: CalendarDate
    /// What is paid out, as a fraction of the last price; above 0.
    public var recovery: Double
    public init(asset: String, date: CalendarDate, recovery: Double) {
      self.asset = asset
      self.date = date
      self.recovery = recovery
    }
  }

  public var halts: [Halt]
  public var delistings: [Delisting]

  public init(halts: [Halt], delistings: [Delisting]) {
    self.halts = halts
    self.delistings = delistings
  }

  /// Everything is tradable on every day.
  public static let none = Interruptions(halts: [], delistings: [])

  var isEmpty: Bool { halts.isEmpty && delistings.isEmpty }

  /// What is wrong with them for a history; `nil` where they fit.
  public func defect(for history: PriceHistory) -> String? {
    let valid = history.assets.joined(separator: ", ")
    for asset in halts.map(\.asset) + delistings.map(\.asset)
    where !history.assets.contains(asset) {
      return "there is no asset “\(asset)”, valid are \(valid)"
    }
    for halt in halts where halt.through < halt.from {
      return "\(halt.asset) is halted from \(halt.from) to \(halt.through), which is before"
    }
    for delisting in delistings where !(delisting.recovery > 0 && delisting.recovery.isFinite) {
      return "\(delisting.asset): a recovery of \(delisting.recovery) is given, above 0 is valid"
    }
    guard let first = history.dates.first, let last = history.dates.last else { return nil }
    for (asset, date) in halts.map({ ($0.asset, $0.from) })
      + delistings.map({ ($0.asset, $0.date) }) where date <= first || date > last
    {
      return "\(asset) stops on \(date), after \(first) and up to \(last) is valid"
    }
    return nil
  }

  /// On each day of the history, shape [days, assets].
  func availability(of history: PriceHistory) -> [Availability] {
    history.dates.flatMap { date in
      history.assets.map { asset in
        if delistings.contains(where: { $0.asset == asset && $0.date <= date }) { return .delisted }
        let isHalted = halts.contains {
          $0.asset == asset && $0.from <= date && date <= $0.through
        }
        return isHalted ? .halted : .tradable
      }
    }
  }

  /// What the assets are worth on each day, [days][assets]: prices where dividends are paid apart,
  /// else levels.
  func levels(of history: PriceHistory, paysDividends: Bool) -> [[Double]] {
    let source = paysDividends ? history.closes ?? history.levels : history.levels
    let count = history.assets.count
    let states = isEmpty ? [] : availability(of: history)
    var rows: [[Double]] = []
    for day in history.dates.indices {
      var row = Array(source[day * count..<(day + 1) * count])
      for asset in 0..<count where !isEmpty && day > 0 {
        let state = states[day * count + asset]
        guard state != .tradable else { continue }
        row[asset] = rows[day - 1][asset]
        if state == .delisted, states[(day - 1) * count + asset] != .delisted {
          row[asset] *= recovery(of: history.assets[asset])
        }
      }
      rows.append(row)
    }
    return rows
  }

  private func recovery(of asset: String) -> Double {
    delistings.filter { $0.asset == asset }.min { $0.date < $1.date }?.recovery ?? 1
  }

  /// Dividends over the price before, shape [days, assets]; empty where none are paid apart. What
  /// falls into a halt is paid all the same, on the price before it.
  func income(of history: PriceHistory, paysDividends: Bool) -> [Double] {
    guard paysDividends, let dividends = history.dividends else { return [] }
    let count = history.assets.count
    let prices = levels(of: history, paysDividends: true)
    let states = isEmpty ? [] : availability(of: history)
    return history.dates.indices.flatMap { day in
      (0..<count).map { asset in
        let isGone = !states.isEmpty && states[day * count + asset] == .delisted
        return day == 0 || isGone ? 0 : dividends[day * count + asset] / prices[day - 1][asset]
      }
    }
  }
}
