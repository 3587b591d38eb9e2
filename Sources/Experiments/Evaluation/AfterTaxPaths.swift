import Algebra
import Foundation
import Rebalancing
import Statistics

/// What a policy leaves after tax at the end of each of its paths.
struct AfterTaxPaths: Sendable {
  /// Whether the value at the end over that at the start is a return: no money flows in or out.
  private let areReturns: Bool
  private let initialValue: Double
  private let years: Double
  private var values: [AfterTaxValue] = []

  /// - Returns: `nil` where nothing is taxed.
  init?(_ task: RebalancingTask) {
    guard task.tax != .none else { return nil }
    areReturns = task.flows.isEmpty
    initialValue = task.initialValue
    years = Double(task.horizon) / task.stepsPerYear
  }

  /// Takes in the end of a path.
  mutating func add(_ value: AfterTaxValue) { values.append(value) }

  /// (V_T / V_0)^{1/T} − 1 of the last path in percent.
  func lastReturn(_ value: KeyPath<AfterTaxValue, Double>) -> Double? {
    areReturns ? values.last.map { annualReturn($0[keyPath: value]) } : nil
  }

  private func annualReturns(_ value: KeyPath<AfterTaxValue, Double>) -> [Double]? {
    areReturns ? values.map { annualReturn($0[keyPath: value]) } : nil
  }

  /// (V_T / V_0)^{1/T} − 1 in percent; −100 where nothing is left.
  private func annualReturn(_ value: Double) -> Double {
    100 * (pow(max(0, value / initialValue), 1 / years) - 1)
  }

  /// Writes the means into a policy's row.
  func describe(_ row: inout SampledEvaluation.Row) {
    row.valueHeld = SampledEvaluation.PathEstimate(values.map(\.held))
    row.valueLiquidated = SampledEvaluation.PathEstimate(values.map(\.liquidated))
    row.returnHeld = annualReturns(\.held).map(SampledEvaluation.PathEstimate.init)
    row.returnLiquidated = annualReturns(\.liquidated).map(SampledEvaluation.PathEstimate.init)
  }

  /// Writes how two policies differ into their pair.
  func compare(with other: AfterTaxPaths, in pair: inout SampledEvaluation.Pair) {
    let differences = zip(values, other.values).map { $0.liquidated - $1.liquidated }
    pair.liquidatedValueDifference = SampledEvaluation.PathEstimate(differences)
    guard let own = annualReturns(\.liquidated), let others = other.annualReturns(\.liquidated)
    else { return }
    pair.liquidatedDifference = SampledEvaluation.PathEstimate(
      zip(own, others).map { ($0 - $1) * 100 })
  }

  /// The intervals of the differences of liquidated returns, bp per year, for all pairs in their order;
  /// none where there is but one path or policy.
  static func differenceIntervals(
    _ policies: [AfterTaxPaths], seed: UInt64, workers: Int
  ) -> [[Double]] {
    let returns = policies.compactMap { $0.annualReturns(\.liquidated) }
    guard returns.count > 1, returns.count == policies.count, returns[0].count > 1 else {
      return []
    }
    let bootstrap = Bootstrap(
      source: RandomSource(seed: seed), resampling: .items, workers: workers)
    let intervals = try? bootstrap.intervals(of: returns.map { try ScoreTable([$0]) }) { tables in
      let means = tables.map(\.mean)
      return means.indices.flatMap { i in means.dropFirst(i + 1).map { (means[i] - $0) * 100 } }
    }
    return (intervals ?? []).map { [$0.low, $0.high] }
  }
}

extension SampledEvaluation {
  /// A mean over paths with its standard error, which one path does not have.
  public struct PathEstimate: Sendable, Hashable, Codable {
    public var mean: Double
    public var standardError: Double?

    enum CodingKeys: String, CodingKey {
      case mean
      case standardError = "standard_error"
    }

    init(_ values: [Double]) {
      let statistics = RunningStatistics(values)
      mean = statistics.mean
      standardError = values.count > 1 ? statistics.standardError : nil
    }
  }

  /// What is left after tax, for people, at most 80 columns wide; `nil` where nothing is taxed.
  var afterTaxTable: String? {
    guard policies.contains(where: { $0.valueHeld != nil }) else { return nil }
    var table = TextTable([
      "after tax", ">tax bp", ">held", ">liquidated", ">± s.e.", ">% a year", ">± s.e.",
    ])
    for row in policies {
      table.add([
        shortName(row.name), row.tax.mean.fixed(2), row.valueHeld.map { money($0.mean) } ?? "–",
        row.valueLiquidated.map { money($0.mean) } ?? "–",
        row.valueLiquidated?.standardError.map(money) ?? "–",
        row.returnLiquidated.map { $0.mean.fixed(3) } ?? "–",
        row.returnLiquidated?.standardError.map { $0.fixed(3) } ?? "–",
      ])
    }
    return table.text + "\n"
      + "mean value at the end: held: less accrued tax; liquidated: everything sold, with\n"
      + "costs and tax; % a year: (liquidated / start)^(1/years) − 1, mean over paths"
  }

  /// An account of value 1 needs the digits that one of a million does not.
  private func money(_ amount: Double) -> String {
    amount.fixed(policies.contains { ($0.valueHeld?.mean ?? 0) >= 1e3 } ? 0 : 4)
  }
}
