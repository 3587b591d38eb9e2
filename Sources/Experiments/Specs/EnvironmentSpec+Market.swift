import Algebra
import Foundation
import Markets

// The market of a specification. Keys are read first; only then is data.

extension EnvironmentSpec {
  /// The models of `market`.
  enum MarketModel: String, CaseIterable {
    case logRatio = "log_ratio"
    case lognormal
    case normal
    case regimes
    case garch
    case bootstrap
    case historical
  }

  /// Reads a market's keys; the result makes the market, and only then reads data.
  static func market(
    _ model: MarketModel, _ assets: [String], _ stepsPerYear: Double, _ folder: String,
    _ reader: inout SpecReader
  ) throws -> (_ horizon: Int?) throws -> Market<Double> {
    let shocks = try shocks(assets, isReplay: model == .historical, &reader)
    func stressed(_ market: Market<Double>) -> Market<Double> {
      shocks.isEmpty
        ? market
        : .stressed(StressedMarket(market, shocks: shocks, stepsPerYear: stepsPerYear))
    }
    switch model {
    case .logRatio:
      let market = stressed(.logRatio(try logRatio(stepsPerYear, &reader)))
      return { _ in market }
    case .bootstrap:
      let make = try bootstrap(assets, stepsPerYear, folder, &reader)
      return { stressed(try make($0)) }
    case .historical: return try historical(assets, stepsPerYear, folder, &reader)
    case .lognormal, .normal, .regimes, .garch:
      let total = stressed(try synthetic(model, assets.count, stepsPerYear, &reader))
      guard reader.has("dividend_yield_per_year") else { return { _ in total } }
      let yields = try reader.numbers("dividend_yield_per_year", count: assets.count)
      guard yields.allSatisfy({ (0...1).contains($0) }) else {
        throw reader.fault("dividend_yield_per_year", "\(yields) is given, 0 to 1 is valid")
      }
      let paying = YieldMarket(total, yieldPerYear: yields, stepsPerYear: stepsPerYear)
      return { _ in .yielding(paying) }
    }
  }

  /// The place of the asset whose volatility is the volatility index.
  static func volatilityReference(
    _ assets: [String], _ reader: inout SpecReader
  ) throws(SpecError) -> Int {
    guard reader.has("volatility_index_asset") else { return 0 }
    let name = try reader.string("volatility_index_asset")
    guard let index = assets.firstIndex(of: name) else {
      let valid = assets.joined(separator: ", ")
      throw reader.fault("volatility_index_asset", "“\(name)” is given, valid are \(valid)")
    }
    return index
  }

  private static func synthetic(
    _ model: MarketModel, _ count: Int, _ stepsPerYear: Double, _ reader: inout SpecReader
  ) throws(SpecError) -> Market<Double> {
    switch model {
    case .normal: .normal(try normal(count, stepsPerYear, &reader))
    case .regimes: .regimes(try regimes(count, stepsPerYear, &reader))
    case .garch: .garch(try garch(count, stepsPerYear, &reader))
    default: .lognormal(try lognormal(count, stepsPerYear, &reader))
    }
  }

  // MARK: - Constant laws

  private static func logRatio(
    _ stepsPerYear: Double, _ reader: inout SpecReader
  ) throws(SpecError) -> LogRatioMarket<Double> {
    LogRatioMarket(
      volatility: try reader.number(
        "log_ratio_volatility", in: Double.leastNormalMagnitude...10, "above 0 and up to 10"),
      drift: try reader.number("log_ratio_drift", in: -100.0...100, "-100 to 100"),
      stepsPerYear: stepsPerYear)
  }

  private static func lognormal(
    _ count: Int, _ stepsPerYear: Double, _ reader: inout SpecReader
  ) throws(SpecError) -> LognormalMarket<Double> {
    let drift = try bounded("drift_per_step", count, -1...1, &reader)
    let volatility = try bounded("volatility_per_step", count, 0...1, &reader)
    let correlation = try correlation(count, &reader)
    do {
      return try LognormalMarket(
        driftPerStep: drift, volatilityPerStep: volatility, correlation: correlation,
        stepsPerYear: stepsPerYear)
    } catch { throw reader.fault("correlation", "\(error)") }
  }

  private static func normal(
    _ count: Int, _ stepsPerYear: Double, _ reader: inout SpecReader
  ) throws(SpecError) -> NormalMarket<Double> {
    let mean = try bounded("mean_per_step", count, -1...1, &reader)
    let volatility = try bounded("volatility_per_step", count, 0...1, &reader)
    let correlation = try correlation(count, &reader)
    do {
      return try NormalMarket(
        meanPerStep: mean, volatilityPerStep: volatility, correlation: correlation,
        stepsPerYear: stepsPerYear)
    } catch { throw reader.fault("correlation", "\(error)") }
  }

  /// A list of numbers in a range, or one number for all assets.
  private static func bounded(
    _ key: String, _ count: Int, _ range: ClosedRange<Double>, _ reader: inout SpecReader
  ) throws(SpecError) -> [Double] {
    let numbers = try reader.numbers(key, count: count)
    guard numbers.allSatisfy({ range.contains($0) }) else {
      throw reader.fault(
        key,
        "\(numbers) is given, \(range.lowerBound.brief) to \(range.upperBound.brief) is valid")
    }
    return numbers
  }

  private static func correlation(
    _ count: Int, _ reader: inout SpecReader
  ) throws(SpecError) -> [[Double]] {
    // One number is the correlation of any two.
    if let common = reader.optional("correlation")?.number {
      guard (-1...1).contains(common) else {
        throw reader.fault("correlation", "\(common) is given, -1 to 1 is valid")
      }
      return (0..<count).map { i in (0..<count).map { $0 == i ? 1 : common } }
    }
    let correlation = try reader.matrix("correlation", size: count)
    for i in 0..<count {
      guard correlation[i][i] == 1, (0..<i).allSatisfy({ correlation[i][$0] == correlation[$0][i] })
      else {
        throw reader.fault(
          "correlation", "row \(i + 1): 1 on the diagonal and a symmetric matrix are valid")
      }
    }
    return correlation
  }

  // MARK: - Regimes

  private static func regimes(
    _ count: Int, _ stepsPerYear: Double, _ reader: inout SpecReader
  ) throws(SpecError) -> RegimeMarket<Double> {
    var regimes: [RegimeMarket<Double>.Regime] = []
    for var inner in try reader.maps("regimes") {
      let regime = RegimeMarket<Double>.Regime(
        name: try inner.string("name"), mean: try bounded("mean_per_step", count, -1...1, &inner),
        volatility: try bounded("volatility_per_step", count, 0...1, &inner),
        correlation: try correlation(count, &inner))
      try inner.finish()
      regimes.append(regime)
    }
    let names = regimes.map(\.name)
    guard regimes.count >= 2, Set(names).count == names.count else {
      throw reader.fault("regimes", "at least two with different names are expected")
    }
    let transition = try transition(regimes.count, &reader)
    let start = try regimeStart(names, &reader)
    let kind: ReturnKind = try reader.choice("return_kind", or: .log)
    do {
      return try RegimeMarket(
        regimes, transition: transition, start: start, returnKind: kind,
        stepsPerYear: stepsPerYear)
    } catch .singular {
      throw reader.fault("transition", "the chain has several stationary laws, one is valid")
    } catch {
      throw reader.fault("regimes", "correlation: \(error)")
    }
  }

  private static func transition(
    _ count: Int, _ reader: inout SpecReader
  ) throws(SpecError) -> [[Double]] {
    let rows = try reader.matrix("transition", size: count)
    for (index, row) in rows.enumerated() {
      let sum = row.reduce(0, +)
      guard row.allSatisfy({ $0 >= 0 }), abs(sum - 1) <= 1e-6 else {
        throw reader.fault(
          "transition", "row \(index + 1) is \(row), probabilities that sum to 1 are valid")
      }
    }
    // Rounded figures of a fit may miss 1 in their last digit.
    return rows.map { row in row.map { $0 / row.reduce(0, +) } }
  }

  private static func regimeStart(
    _ names: [String], _ reader: inout SpecReader
  ) throws(SpecError) -> RegimeMarket<Double>.Start {
    guard reader.has("start_regime") else { return .stationary }
    let name = try reader.string("start_regime")
    if name == "stationary" { return .stationary }
    guard let index = names.firstIndex(of: name) else {
      let valid = (["stationary"] + names).joined(separator: ", ")
      throw reader.fault("start_regime", "“\(name)” is given, valid are \(valid)")
    }
    return .regime(index)
  }

  // MARK: - GARCH

  private static func garch(
    _ count: Int, _ stepsPerYear: Double, _ reader: inout SpecReader
  ) throws(SpecError) -> GARCHMarket<Double> {
    let mean = try bounded("mean_percent", count, -100...100, &reader)
    let omega = try bounded("omega_percent_squared", count, 0...1e4, &reader)
    let alpha = try reader.numbers("alpha", count: count)
    let gamma = try reader.numbers("gamma", count: count)
    let beta = try reader.numbers("beta", count: count)
    let equations = (0..<count).map {
      GARCHMarket<Double>.Equation(
        mean: mean[$0] / 100, omega: omega[$0] / 1e4, alpha: alpha[$0], gamma: gamma[$0],
        beta: beta[$0])
    }
    if let index = equations.firstIndex(where: { !$0.isStationary }) {
      throw reader.fault(
        "beta",
        "asset \(index + 1) has alpha \(alpha[index]), gamma \(gamma[index]), beta \(beta[index]); "
          + "valid are alpha, alpha + gamma and beta of at least 0 with alpha + gamma/2 + beta "
          + "below 1")
    }
    let correlation = try correlation(count, &reader)
    let kind: ReturnKind = try reader.choice("return_kind", or: .log)
    let degrees = try degreesOfFreedom(&reader)
    do {
      return try GARCHMarket(
        equations, correlation: correlation, returnKind: kind, degreesOfFreedom: degrees,
        stepsPerYear: stepsPerYear)
    } catch { throw reader.fault("correlation", "\(error)") }
  }

  private static func degreesOfFreedom(_ reader: inout SpecReader) throws(SpecError) -> Int? {
    guard reader.has("degrees_of_freedom") else { return nil }
    let words = "an even number from 4 to 100"
    let degrees = try reader.int("degrees_of_freedom", in: 4...100, words)
    guard degrees.isMultiple(of: 2) else {
      throw reader.fault("degrees_of_freedom", "\(degrees) is given, \(words) is valid")
    }
    return degrees
  }
}

extension Double {
  /// Without a fraction where there is none.
  fileprivate var brief: String { Int(exactly: self).map { "\($0)" } ?? "\(self)" }
}
