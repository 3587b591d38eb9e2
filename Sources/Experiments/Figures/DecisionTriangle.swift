/// What a policy of three or more assets does over the weights of two of them.
struct DecisionTriangle {
  var name = "decision-map"
  var title: String
  var plane: DecisionPlane
  var marksState = false

  var figure: Figure {
    let (columns, rows) = (plane.columns, plane.rows)
    let (dx, dy) = (half(columns), half(rows))
    func range(_ grid: [Double], _ half: Double) -> ClosedRange<Double> {
      (grid[0] - half) * 100...(grid[grid.count - 1] + half) * 100
    }
    var chart = Chart(
      title: title,
      x: Chart.Axis(
        label: "weight of \(plane.assets[0].clipped(20)), %", range: range(columns, dx)),
      y: Chart.Axis(label: "weight of \(plane.assets[1].clipped(20)), %", range: range(rows, dy)))
    (chart.height, chart.top) = (470, 62)
    for (row, actions) in plane.actions.enumerated() {
      // One rectangle for each run of the same action.
      var start = 0
      for column in 1...columns.count
      where column == columns.count || actions[column] != actions[start] {
        if actions[start] >= 0 {
          chart.rectangle(
            (columns[start] - dx) * 100...(columns[column - 1] + dx) * 100,
            (rows[row] - dy) * 100...(rows[row] + dy) * 100, Palette.actions[actions[start]])
        }
        start = column
      }
    }
    let target = (plane.targets[0] * 100, plane.targets[1] * 100)
    var data = ["$target << END", "\(target.0) \(target.1)", "END"]
    var plots = ["$target with points pt 1 ps 1.6 lw 2.5 lc rgb '\(Palette.text)'"]
    if marksState {
      data += ["$here << END", "\(plane.here[0] * 100) \(plane.here[1] * 100)", "END"]
      plots.append("$here with points pt 7 ps 0.9 lc rgb '#ffffff'")
      plots.append("$here with points pt 6 ps 0.9 lw 2.5 lc rgb '\(Palette.text)'")
    }
    var x = 12.0
    let height = Double(chart.height)
    for (code, words) in ["no trade", "a part of the way", "all the way"].enumerated() {
      chart.add(DecisionBars.key(x, height - 48, Palette.actions[code], height))
      chart.add(DecisionBars.words(words, x + 18, height - 42, height))
      x += 30 + textWidth(words, Chart.smallFont)
    }
    return Figure(
      name: name, title: title,
      caption: "What is done at each pair of weights, the other weights as they share the rest. "
        + "Cross: the target\(marksState ? "; ring: the state" : "").",
      size: (Figure.width, chart.height), script: chart.script(data: data, plots: plots))
  }

  private func half(_ grid: [Double]) -> Double {
    grid.count > 1 ? (grid[1] - grid[0]) / 2 : 0.01
  }
}
