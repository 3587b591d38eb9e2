/// The colours of all figures and tables, told apart by colour-blind readers too (Okabe and Ito 2008).
enum Palette {
  /// Lines and points of a comparison, in this order.
  static let series = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c564b", "#555555",
    "#7a6a00", "#6a3d9a",
  ]
  static func series(_ index: Int) -> String { series[index % series.count] }

  /// What was learned, rules, and what is optimal.
  static let learned = "#d55e00"
  static let rule = "#0072b2"
  static let optimum = "#222222"

  /// What is done: nothing, a part of the way, all of it.
  static let actions = ["#56b4e9", "#f2c879", "#d55e00"]

  static let gain = "#0072b2"
  static let loss = "#d55e00"
  static let band = "#e4ecf4"
  static let grid = "#dddddd"
  static let border = "#666666"
  static let text = "#222222"
  static let trade = "#4c566a"

  /// The terms of the cost.
  static let drift = "#0072b2"
  static let transaction = "#d55e00"
  static let tax = "#e69f00"
}
