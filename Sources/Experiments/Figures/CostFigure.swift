import Foundation

/// The figure of an exact evaluation: what each policy costs, in its two parts, against the optimum.
struct CostFigure {
  let evaluation: ExactEvaluation

  /// Draws `costs.svg` into a folder with gnuplot.
  ///
  /// - Returns: the file's name, or `nil` where gnuplot is not installed.
  func draw(into folder: URL) throws -> String? {
    let name = "costs.svg"
    let file = folder.appending(path: name)
    // A figure of an earlier run must not pass for this one's.
    try? FileManager.default.removeItem(at: file)
    guard let figure = try Gnuplot.files([name], drawnBy: script(output: name)) else { return nil }
    try figure[name]?.write(to: file)
    return name
  }

  /// Rows from dear to cheap, so that the best stands at the right end.
  private func script(output: String) -> String {
    let rows = evaluation.policies
      .compactMap { row in row.cost.map { (row, $0) } }
      .sorted { $0.1 > $1.1 }
      .map(\.0)
    let lines = rows.map { row in
      let label = row.name.hasPrefix("rule:") ? String(row.name.dropFirst(5)) : row.name
      return "\"\(label)\" \(row.transaction ?? 0) \(row.drift ?? 0)"
    }
    let optimum = evaluation.optimum
    return """
      set terminal svg size 900,480 font 'sans-serif,13' background rgb 'white'
      set output '\(output)'
      set title 'Long-run cost of each policy on \(evaluation.environment)' noenhanced
      set ylabel 'basis points per year'
      set style data histogram
      set style histogram rowstacked
      set style fill solid 0.9 noborder
      set boxwidth 0.7
      set xtics rotate by 35 right noenhanced
      set yrange [0:*]
      set grid ytics lc rgb '\(Palette.grid)'
      set key top right
      $rows << END
      \(lines.joined(separator: "\n"))
      END
      plot $rows using 2:xtic(1) title 'transaction cost' lc rgb '\(Palette.transaction)', \
        '' using 3 title 'drift cost' lc rgb '\(Palette.drift)', \
        \(optimum.ownActions) with lines lw 2 lc rgb '\(Palette.optimum)' \
        title 'optimum over the actions', \
        \(optimum.unrestricted) with lines lw 2 dt 2 lc rgb '\(Palette.optimum)' \
        title 'optimum, any trade'

      """
  }
}
