public import Markets

extension RegimeFit {
  /// The keys of an environment's specification that describe the fitted market.
  ///
  /// Means and volatilities have six decimals, the others four; what rounding leaves of a row of
  /// transition probabilities goes to its largest.
  public func specification(
    assets: [String], sampling: Sampling, returnKind: ReturnKind
  ) -> String {
    var lines = [
      "market: regimes", "assets: [\(assets.joined(separator: ", "))]",
      "steps_per_year: \(sampling.stepsPerYear)", "return_kind: \(returnKind.rawValue)", "regimes:",
    ]
    for regime in regimes {
      lines += [
        "  - name: \(regime.name)", "    mean_per_step: \(Self.list(regime.mean, 6))",
        "    volatility_per_step: \(Self.list(regime.volatility, 6))", "    correlation:",
      ]
      lines += regime.correlation.map { "      - \(Self.list($0, 4))" }
    }
    lines.append("transition:")
    lines += transition.map { "  - \(Self.list(Self.rounded($0), 4))" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func list(_ numbers: [Double], _ decimals: Int) -> String {
    "[" + numbers.map { $0 == 1 ? "1" : $0.fixed(decimals) }.joined(separator: ", ") + "]"
  }

  private static func rounded(_ row: [Double]) -> [Double] {
    var result = row.map { ($0 * 1e4).rounded() / 1e4 }
    if let largest = row.indices.max(by: { row[$0] < row[$1] }) {
      result[largest] += 1 - result.reduce(0, +)
    }
    return result
  }
}
