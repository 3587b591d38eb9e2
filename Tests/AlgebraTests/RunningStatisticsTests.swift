import Algebra
import Foundation
import Testing

@Suite struct RunningStatisticsTests {
  private let values: [Double]

  /// Small differences on a large level, where the textbook formula fails.
  init() {
    let source = RandomSource(seed: 9)
    values = (0..<UInt32(10_000)).map { 1e6 + source.uniform(.evaluation, step: $0) }
  }

  @Test func `one pass agrees with two`() {
    let statistics = RunningStatistics(values)
    let n = Double(values.count)
    let mean = values.reduce(0) { $0 + ($1 - 1e6) } / n + 1e6
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    #expect(statistics.count == values.count)
    #expect(abs(statistics.mean - mean) < 1e-8)
    #expect(abs(statistics.variance / variance - 1) < 1e-8)
    #expect(statistics.standardDeviation == statistics.variance.squareRoot())
    #expect(statistics.standardError == (statistics.variance / n).squareRoot())
  }

  @Test(arguments: [0, 1, 17, 5_000, 9_999, 10_000])
  func `parts merge to the whole`(_ cut: Int) {
    var merged = RunningStatistics(values[..<cut])
    merged.merge(RunningStatistics(values[cut...]))
    let whole = RunningStatistics(values)
    #expect(merged.count == whole.count)
    #expect(abs(merged.mean - whole.mean) < 1e-8)
    #expect(abs(merged.variance / whole.variance - 1) < 1e-8)
  }

  @Test func `few values have no spread`() {
    let none = RunningStatistics()
    #expect(none.count == 0 && none.mean == 0 && none.variance == 0 && none.standardError == 0)
    let one = RunningStatistics([3])
    #expect(one.count == 1 && one.mean == 3 && one.variance == 0)
    #expect(RunningStatistics([1, 3]).variance == 2)
    var merged = none
    merged.merge(none)
    #expect(merged == none)
  }

  @Test func `JSON holds the whole state`() throws {
    var statistics = RunningStatistics(values)
    var copy = try JSONDecoder().decode(
      RunningStatistics.self, from: JSONEncoder().encode(statistics))
    statistics.add(1)
    copy.add(1)
    #expect(copy == statistics)
  }
}
