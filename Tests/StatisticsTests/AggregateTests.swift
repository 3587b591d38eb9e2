import Algebra
import Statistics
import Testing

/// Figures of rliable 1.2.0 and SciPy 1.17.1 on the same scores.
@Suite struct AggregateTests {
  /// `[run, task]`.
  static let first = [
    [0.1, 0.5, 0.5, 0.9, 1.2, 0.3, 2.0], [0.2, 0.5, 0.7, 0.1, 1.0, 0.3, 1.5],
    [0.0, 0.6, 0.5, 0.9, 0.8, 0.4, 3.0],
  ]
  static let second = [
    [0.1, 0.4, 0.5, 1.0, 1.1, 0.2, 2.5], [0.3, 0.5, 0.6, 0.2, 0.9, 0.5, 1.0],
  ]

  @Test func `interquartile means are those of rliable`() throws {
    #expect(isClose(try ScoreTable(Self.first).interquartileMean, 0.6, 1e-14))
    #expect(isClose(try ScoreTable(Self.second).interquartileMean, 0.5875, 1e-14))
    #expect(interquartileMean([7]) == 7)
    #expect(interquartileMean([1, 2, 3, 1_000]) == 2.5)
    #expect(interquartileMean([]).isNaN)
  }

  @Test func `probabilities of improvement are those of rliable and of Mann and Whitney`() throws {
    let (first, second) = (try ScoreTable(Self.first), try ScoreTable(Self.second))
    #expect(isClose(first.probabilityOfImprovement(over: second), 0.511904761904762, 1e-14))
    #expect(
      isClose(
        probabilityOfImprovement(first.values, over: second.values), 0.5102040816326531, 1e-14))
    #expect(probabilityOfImprovement([2, 3], over: [0, 1]) == 1)
    #expect(probabilityOfImprovement([1, 1], over: [1]) == 0.5)
    #expect(
      first.probabilityOfImprovement(over: second) + second.probabilityOfImprovement(over: first)
        == 1)
  }

  @Test func `a profile is the share of runs above each threshold`() throws {
    let table = try ScoreTable(Self.first)
    let bootstrap = Bootstrap(source: RandomSource(seed: 3), resampling: .itemsOfEachStratum)
    let thresholds = [-1, 0, 0.3, 0.5, 1, 3]
    let profile = try PerformanceProfile(table, thresholds: thresholds, bootstrap)
    let shares = [1, 0.9523809523809523, 0.7142857142857143, 0.47619047619047616, 4.0 / 21, 0]
    for (point, share) in zip(profile.points, shares) {
      #expect(isClose(point.share.estimate, share, 1e-14), "\(point.threshold)")
      #expect(point.share.contains(share))
    }
    #expect(profile.points.map(\.threshold) == thresholds)
    // Of three strata of seven: the variance of a share is that of its strata, p (1 − p)/7, over 3.
    let counts = Self.first.map { row in Double(row.count { $0 > 0.5 }) / 7 }
    let variance = counts.reduce(0) { $0 + $1 * (1 - $1) / 7 } / 9
    let error = profile.points[3].share.standardError
    #expect(abs(error / variance.squareRoot() - 1) < 0.08)
    #expect(profile.points[0].share.low == 1 && profile.points[5].share.high == 0)
    #expect(
      message { _ = try PerformanceProfile(table, thresholds: [0, .infinity], bootstrap) }
        == "thresholds[1] is inf, a finite number is needed")
  }

  @Test func `paired differences are those of SciPy's paired t-test`() throws {
    let pair = try PairedDifference(Self.first[0], Self.first[1])
    #expect(isClose(pair.mean / pair.standardError, 1.26257512289741, 1e-13))
    #expect(isClose(pair.standardDeviation, 0.35923198500080566, 1e-14))
    #expect(isClose(pair.unpairedStandardDeviation, 0.8182443458550811, 1e-14))
    #expect(pair.count == 7)
    #expect(
      message { _ = try PairedDifference([1, 2], [1]) }
        == "2 and 1 scores are given: both must have met the same paths, at least 2")
  }
}
