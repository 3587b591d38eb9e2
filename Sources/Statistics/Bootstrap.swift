public import Algebra

/// Percentile intervals of any statistic of score tables, by drawing anew.
///
/// All tables of a call are drawn together: an item that one policy meets in a resample, every other
/// meets as often, so that differences keep what pairing gains. Replicate r is a pure function of the
/// source and r: the same source gives the same bits on any number of workers.
public struct Bootstrap: Sendable {
  /// What a repetition of the experiment would bring anew.
  public enum Resampling: String, Sendable, Hashable, CaseIterable {
    /// Items, in every stratum apart: strata are given and met items of their own (Agarwal et al.
    /// 2021, strata tasks and items runs).
    case itemsOfEachStratum = "items_of_each_stratum"
    /// Items, once for all strata: strata are given and met the same items.
    case items
    /// Strata too, of each table apart, and items once for all: intervals for a new training seed on
    /// new paths (Owen 2007, "The pigeonhole bootstrap"); rather too wide than too narrow.
    case strataAndItems = "strata_and_items"
  }

  /// Where the draws come from.
  public var source: RandomSource
  /// What is drawn anew.
  public var resampling: Resampling
  /// Resamples.
  public var replicates: Int
  /// The share of repetitions that an interval is to cover.
  public var level: Double
  /// Threads.
  public var workers: Int

  public init(
    source: RandomSource, resampling: Resampling = .strataAndItems, replicates: Int = 2_000,
    level: Double = 0.95, workers: Int = 1
  ) {
    self.source = source
    self.resampling = resampling
    self.replicates = replicates
    self.level = level
    self.workers = workers
  }

  /// The interval of one statistic.
  ///
  /// - Throws: where tables have different items, or the statistic is not finite on a resample.
  public func interval(
    of tables: [ScoreTable], _ statistic: @Sendable ([ScoreTable]) -> Double
  ) throws(StatisticsError) -> ConfidenceInterval {
    try intervals(of: tables) { [statistic($0)] }[0]
  }

  /// The interval of the difference of two means on the same items.
  public func meanDifference(
    _ first: ScoreTable, _ second: ScoreTable
  ) throws(StatisticsError) -> ConfidenceInterval {
    try interval(of: [first, second]) { $0[0].mean - $0[1].mean }
  }

  /// The intervals, each by itself, of several statistics of the same resamples.
  ///
  /// - Parameter statistic: as many numbers for every resample.
  public func intervals(
    of tables: [ScoreTable], _ statistic: @Sendable ([ScoreTable]) -> [Double]
  ) throws(StatisticsError) -> [ConfidenceInterval] {
    try check(tables)
    let estimates = statistic(tables)
    var results = [[Double]](repeating: [], count: replicates)
    forEachConcurrently(in: &results, workers: workers) { replicate, result in
      result = statistic(resample(tables, UInt32(replicate)))
    }
    var intervals: [ConfidenceInterval] = []
    for (index, estimate) in estimates.enumerated() {
      intervals.append(try interval(around: estimate, results.map { $0[index] }))
    }
    return intervals
  }

  private func interval(
    around estimate: Double, _ values: [Double]
  ) throws(StatisticsError) -> ConfidenceInterval {
    let failures = values.count { !$0.isFinite } + (estimate.isFinite ? 0 : 1)
    guard failures == 0 else {
      throw StatisticsError(
        "the statistic is not finite on \(failures) of the data and \(replicates) resamples of them"
      )
    }
    let sorted = values.sorted()
    return ConfidenceInterval(
      estimate: estimate, low: quantile((1 - level) / 2, of: sorted),
      high: quantile((1 + level) / 2, of: sorted), level: level,
      standardError: RunningStatistics(values).standardDeviation)
  }

  private func check(_ tables: [ScoreTable]) throws(StatisticsError) {
    guard let first = tables.first else {
      throw StatisticsError("no table is given, at least one is needed")
    }
    if let other = tables.first(where: { $0.items != first.items }) {
      throw StatisticsError(
        "tables of \(first.items) and \(other.items) items are given: "
          + "only policies that met the same items can be compared")
    }
    guard (1...1_000_000).contains(replicates) else {
      throw StatisticsError("\(replicates) replicates are given, 1 to 1000000 are valid")
    }
    guard level > 0, level < 1 else {
      throw StatisticsError("level is \(level), a number between 0 and 1 is valid")
    }
  }
}

// MARK: - Drawing

extension Bootstrap {
  /// The tables of one replicate.
  func resample(_ tables: [ScoreTable], _ replicate: UInt32) -> [ScoreTable] {
    let items = tables.first?.items ?? 0
    let common = resampling == .itemsOfEachStratum ? [] : drawItems(items, replicate, stratum: 0)
    return tables.enumerated().map { index, table in
      let strata =
        resampling == .strataAndItems
        ? draw(table.strata, replicate, UInt32(index), block: 1) : Array(0..<table.strata)
      var values: [Double] = []
      values.reserveCapacity(table.values.count)
      for stratum in strata {
        let places = common.isEmpty ? drawItems(items, replicate, stratum: stratum) : common
        for place in places { values.append(table[stratum, place]) }
      }
      return ScoreTable(strata: table.strata, items: items, values: values)
    }
  }

  /// The same for every table: that is the pairing.
  private func drawItems(_ count: Int, _ replicate: UInt32, stratum: Int) -> [Int] {
    draw(count, replicate, UInt32(stratum), block: 0)
  }

  /// As many places in 0 ..< count as there are, with replacement.
  private func draw(_ count: Int, _ replicate: UInt32, _ group: UInt32, block: Int) -> [Int] {
    (0..<count).map {
      source.integer(
        below: count, .resampling, copy: replicate, episode: group, step: UInt32($0), draw: block)
    }
  }
}
