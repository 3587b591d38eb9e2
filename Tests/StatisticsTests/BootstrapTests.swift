import Algebra
import Statistics
import Testing

@Suite struct BootstrapTests {
  let source = RandomSource(seed: 11)

  func bootstrap(
    _ resampling: Bootstrap.Resampling, replicates: Int = 20_000, workers: Int = 2
  ) -> Bootstrap {
    Bootstrap(source: source, resampling: resampling, replicates: replicates, workers: workers)
  }

  static let rows = [0.0, 3, 4]
  static let columns = [0.0, 1, 5, 2]

  /// Scores that are the sum of a part of the stratum and one of the item.
  func additive() throws -> ScoreTable {
    try ScoreTable(Self.rows.map { row in Self.columns.map { row + $0 } })
  }

  /// Variance of the mean of as many draws as there are numbers: their variance (n) over n.
  func variance(_ values: [Double]) -> Double {
    let statistics = RunningStatistics(values)
    return statistics.sumOfSquares / Double(values.count * values.count)
  }

  @Test func `errors of the mean are those of the design, in closed form`() throws {
    let (rows, columns) = (variance(Self.rows), variance(Self.columns))
    for (resampling, expected) in [
      (Bootstrap.Resampling.items, columns),
      (.itemsOfEachStratum, columns / Double(Self.rows.count)), (.strataAndItems, rows + columns),
    ] {
      let interval = try bootstrap(resampling).interval(of: [additive()]) { $0[0].mean }
      // The relative error of a standard deviation of 20 000 draws is about 1/√40 000.
      #expect(abs(interval.standardError / expected.squareRoot() - 1) < 0.03, "\(resampling)")
      #expect(isClose(interval.estimate, Self.rows.reduce(0, +) / 3 + 2, 1e-12))
    }
  }

  @Test func `percentiles of two items are those of four equally likely draws`() throws {
    let table = try ScoreTable([[0, 1]])
    // The mean of two draws is 0, ½, ½ or 1.
    let wide = try bootstrap(.items).interval(of: [table]) { $0[0].mean }
    #expect(wide.low == 0 && wide.high == 1)
    var half = bootstrap(.items)
    half.level = 0.48
    let narrow = try half.interval(of: [table]) { $0[0].mean }
    #expect(narrow.low == 0.5 && narrow.high == 0.5)
  }

  @Test func `a policy differs from itself by nothing, whatever is drawn`() throws {
    let table = try ScoreTable([[1, 5, 2, 8], [4, 1, 1, 3]])
    for resampling in [Bootstrap.Resampling.items, .itemsOfEachStratum] {
      let same = try bootstrap(resampling, replicates: 200).meanDifference(table, table)
      #expect(same.low == 0 && same.high == 0 && same.standardError == 0)
    }
    let shifted = try ScoreTable([[1.5, 5.5, 2.5, 8.5], [4.5, 1.5, 1.5, 3.5]])
    let interval = try bootstrap(.items, replicates: 200).meanDifference(shifted, table)
    #expect(isClose(interval.low, 0.5, 1e-12) && isClose(interval.high, 0.5, 1e-12))
  }

  @Test func `a rule of one row meets the items that trained policies of many meet`() throws {
    let rule = try ScoreTable([Self.columns])
    let interval = try bootstrap(.strataAndItems).meanDifference(additive(), rule)
    // Items cancel; the seeds do not.
    #expect(abs(interval.standardError / variance(Self.rows).squareRoot() - 1) < 0.03)
    #expect(interval.low == 0 && interval.high == 4)
  }

  @Test func `seeds of two agents are drawn apart, the items that both met together`() throws {
    let interval = try bootstrap(.strataAndItems).meanDifference(additive(), additive())
    #expect(abs(interval.standardError / (2 * variance(Self.rows)).squareRoot() - 1) < 0.03)
  }

  @Test func `intervals cover the truth as often as they say`() throws {
    var covered = 0
    for repetition in 0..<400 {
      let table = try ScoreTable([normals(60, seed: 5, copy: UInt32(repetition))])
      let interval = try Bootstrap(
        source: RandomSource(seed: UInt64(repetition)), resampling: .items, replicates: 400
      ).interval(of: [table]) { $0[0].mean }
      covered += interval.contains(0) ? 1 : 0
    }
    // 94 % of 400 is to be expected of percentiles at n = 60; four standard deviations are 4.8 %.
    #expect((358...394).contains(covered), "\(covered)")
  }

  @Test func `workers change no bit, the seed does`() throws {
    let table = try ScoreTable([normals(50, seed: 1), normals(50, seed: 2)])
    let one = try bootstrap(.strataAndItems, replicates: 301, workers: 1)
      .interval(of: [table]) { $0[0].interquartileMean }
    let two = try bootstrap(.strataAndItems, replicates: 301, workers: 2)
      .interval(of: [table]) { $0[0].interquartileMean }
    #expect(one == two)
    let other = try Bootstrap(source: RandomSource(seed: 12), replicates: 301)
      .interval(of: [table]) { $0[0].interquartileMean }
    #expect(one != other && one.estimate == other.estimate)
  }

  @Test func `faults are said`() throws {
    let (three, two) = (try ScoreTable([[1, 2, 3]]), try ScoreTable([[1, 2]]))
    #expect(
      message { _ = try bootstrap(.items).meanDifference(three, two) }
        == "tables of 3 and 2 items are given: only policies that met the same items can be compared"
    )
    #expect(
      message { _ = try ScoreTable([[1, 2], [3]]) }
        == "stratum 1 has 1 scores and stratum 0 has 2: all must have met the same items")
    #expect(
      message { _ = try ScoreTable([[1, 2], [3, .nan]]) }
        == "stratum 1[1] is nan, a finite number is needed")
    #expect(
      message { _ = try ScoreTable([]) } == "a table of no scores is given, at least one is needed")
    #expect(
      message { _ = try bootstrap(.items, replicates: 0).meanDifference(two, two) }
        == "0 replicates are given, 1 to 1000000 are valid")
    #expect(
      message { _ = try bootstrap(.items, replicates: 5).interval(of: [two]) { _ in .nan } }
        == "the statistic is not finite on 6 of the data and 5 resamples of them")
    var certain = bootstrap(.items)
    certain.level = 1
    #expect(
      message { _ = try certain.meanDifference(two, two) }
        == "level is 1.0, a number between 0 and 1 is valid")
  }
}
