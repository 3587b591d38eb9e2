public import Markets

extension RegimeFit {
  /// The keys of an environment's specification that describe the fitted market.
  ///
  /// Figures have six decimals; what rounding leaves of a row of transition probabilities goes to its
  /// largest.
  public func specification(
    assets: [String], sampling: Sampling, returnKind: ReturnKind
  ) -> String {
    var lines = [
      "market: regimes", "assets: [\(assets.joined(separator: ", "))]",
      "steps_per_year: \(sampling.stepsPerYear)", "return_kind: \(returnKind.rawValue)", "regimes:",
    ]
    for regime in regimes {
      lines += [
        "  - name: \(regime.name)", "    mean_per_step: \(Self.list(regime.mean))",
        "    volatility_per_step: \(Self.list(regime.volatility))", "    correlation:",
      ]
      lines += regime.correlation.map { "      - \(Self.list($0))" }
    }
    lines.append("transition:")
    lines += transition.map { "  - \(Self.list(Self.rounded($0)))" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func list(_ numbers: [Double]) -> String {
    "[" + numbers.map { $0 == 1 ? "1" : $0.fixed(6) }.joined(separator: ", ") + "]"
  }

  private static func rounded(_ row: [Double]) -> [Double] {
    var result = row.map { ($0 * 1e6).rounded() / 1e6 }
    if let largest = row.indices.max(by: { row[$0] < row[$1] }) {
      result[largest] += 1 - result.reduce(0, +)
    }
    return result
  }
}
