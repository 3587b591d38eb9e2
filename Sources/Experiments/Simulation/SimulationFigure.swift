public import Foundation
import Markets

/// The figure of an episode: prices, weights, trades and cumulated costs, one below the other.
///
/// Legends stand to the right of the panels, or above them where the figure is narrow. Where the dates
/// of the steps do not rise, as within a day, the steps are counted instead.
public struct SimulationFigure {
  private let episode: Simulation
  /// Numbers of the moments that are drawn; the last is the end.
  private let moments: [Int]
  private let hasDates: Bool
  /// Whether it is for a column of text, which a phone shows too.
  private let isNarrow: Bool

  /// Points beyond the width of a line are not to be seen.
  private static let mostPoints = 4_000

  public init(_ episode: Simulation, isNarrow: Bool = false) {
    self.episode = episode
    self.isNarrow = isNarrow
    let count = episode.steps.count
    let mostPoints = isNarrow ? Self.mostPoints / 5 : Self.mostPoints
    let stride = max(1, (count + mostPoints - 1) / mostPoints)
    moments = Array(Swift.stride(from: 0, to: count, by: stride)) + [count]
    let dates = episode.steps.map(\.date) + [episode.end.date]
    hasDates =
      zip(dates, dates.dropFirst()).allSatisfy { $0 < $1 } && episode.end.date.year < 10_000
  }

  /// The figure as `episode.svg` and `episode.png`; `nil` where gnuplot is not installed.
  public func files() throws -> [String: Data]? {
    try Gnuplot.files(["episode.svg", "episode.png"], drawnBy: script)
  }

  /// The same for a report, best narrow.
  public func figure(name: String) -> Figure {
    let (first, last) = (episode.steps.first?.date ?? episode.end.date, episode.end.date)
    return Figure(
      name: name, title: title,
      caption: "One episode, seed \(episode.seed), number \(episode.episode), \(first) to \(last): "
        + "prices, weights before each trade, trades, and what they and the drift have cost so far.",
      size: (Figure.width, 900),
      script: [data, frame, prices, weights, trades, costs, "unset multiplot"]
        .joined(separator: "\n"))
  }

  private var script: String {
    ([data]
      + [
        ("svg", "svg size 1000,1160 font 'sans-serif,13'"),
        ("png", "pngcairo size 1000,1160 font 'sans-serif,10'"),
      ].flatMap { kind, terminal in
        [
          "set terminal \(terminal) background rgb 'white'", "set output 'episode.\(kind)'",
          frame, prices, weights, trades, costs, "unset multiplot", "unset output", "reset",
        ]
      }).joined(separator: "\n") + "\n"
  }
}

// MARK: - Data

extension SimulationFigure {
  /// Columns: moment, price per asset, weight line per asset, turnover, then cumulated drift,
  /// transaction, tax and all of them.
  private var data: String {
    let sums = cumulatedCosts
    var lines = ["$moments << END"]
    for (place, moment) in moments.enumerated() {
      let next = place + 1 < moments.count ? moments[place + 1] : moment
      let turnover = episode.steps[moment..<next].map(\.turnover).max() ?? 0
      let numbers =
        prices(at: moment) + weightLines(weights(at: moment)) + [turnover * 100] + sums[moment]
      lines.append(
        (["\(x(moment))"] + numbers.map { $0.isFinite ? "\($0)" : "NaN" }).joined(separator: " "))
    }
    return (lines + ["END"]).joined(separator: "\n")
  }

  private func x(_ moment: Int) -> String {
    guard hasDates else { return "\(moment)" }
    return (moment < episode.steps.count ? episode.steps[moment].date : episode.end.date)
      .description
  }

  private func prices(at moment: Int) -> [Double] {
    moment < episode.steps.count ? episode.steps[moment].prices : episode.end.prices
  }

  private func weights(at moment: Int) -> [Double] {
    moment < episode.steps.count
      ? episode.steps[moment].weights
      : episode.end.weights ?? episode.assets.map { _ in .nan }
  }

  /// What is drawn of weights, in percent: the first one of two, else what each is off its target.
  private func weightLines(_ weights: [Double]) -> [Double] {
    isPair ? [weights[0] * 100] : zip(weights, episode.targets).map { ($0 - $1) * 100 }
  }

  /// Costs before each moment.
  private var cumulatedCosts: [[Double]] {
    var sums = [[0.0, 0, 0, 0]]
    for step in episode.steps {
      let terms = [step.drift, step.transaction, step.tax]
      sums.append(zip(sums[sums.count - 1], terms + [terms.reduce(0, +)]).map { $0 + $1 })
    }
    return sums
  }

  private var isPair: Bool { episode.assets.count == 2 }
  private var priceColumn: Int { 2 }
  private var weightColumn: Int { priceColumn + episode.assets.count }
  private var tradeColumn: Int { weightColumn + (isPair ? 1 : episode.assets.count) }
  private var costColumn: Int { tradeColumn + 1 }
}

// MARK: - Panels

extension SimulationFigure {
  private var title: String {
    guard !isNarrow else { return "\(shortName(episode.policy)) on \(episode.environment)" }
    return "\(episode.policy) on \(episode.environment), seed \(episode.seed), "
      + "episode \(episode.episode), \(episode.steps.first?.date ?? episode.end.date) to "
      + "\(episode.end.date)"
  }

  private var frame: String {
    let time = hasDates ? "set xdata time\nset timefmt '%Y-%m-%d'" : ""
    return """
      set multiplot
      set label 1 \(Gnuplot.quoted(title)) at screen \(isNarrow ? "0.012, 0.984 left font ',15'" : "0.5, 0.98 center") noenhanced
      set lmargin at screen \(isNarrow ? 0.125 : 0.09)
      set rmargin at screen \(isNarrow ? 0.97 : 0.79)
      set grid lt 1 lw 0.7 lc rgb '\(Palette.grid)'
      set border lc rgb '\(Palette.border)'
      set xtics textcolor rgb 'black' nomirror
      set ytics textcolor rgb 'black' nomirror
      set style fill solid 1 noborder
      \(time)
      set xrange [\(range)]
      \(axis.map { "set xtics (\($0.unlabelled))" } ?? "set format x ''")
      """
  }

  private var range: String {
    let ends = [x(0), x(episode.steps.count)]
    return (hasDates ? ends.map { "'\($0)'" } : ends).joined(separator: ":")
  }

  /// A panel between two heights of the page; its legend begins beside its top.
  private func panel(_ top: Double, _ bottom: Double, _ label: String) -> String {
    let key =
      isNarrow
      ? "font ',11' at graph 0, graph 1 left bottom horizontal maxrows 1 samplen 1.2"
      : "font '' at screen 0.80, \(top) left top samplen 2 spacing 1.0"
    return """
      set tmargin at screen \(top)
      set bmargin at screen \(bottom)
      set label 2 \(Gnuplot.quoted(label)) at screen 0.018, \((top + bottom) / 2) center \
      rotate by 90 noenhanced
      set key \(key) Left reverse noenhanced
      """
  }

  private var prices: String {
    let key = isNarrow || named < 12 ? "" : "set key font ',\(named < 18 ? 9 : 8)' spacing 0.9\n"
    let more = episode.assets.count - named
    let lines = episode.assets.indices.map { asset in
      let name = asset < named ? Gnuplot.quoted(episode.assets[asset].clipped(nameWidth)) : nil
      return curve(priceColumn + asset, asset, name)
    }
    return panel(0.955, 0.73, "price, 1 at the start") + "\n" + key
      + "plot "
      + (lines + (more > 0 ? ["keyentry title 'and \(more) more'"] : [])).joined(separator: ", ")
      + "\nunset label 1"
  }

  private var nameWidth: Int { isNarrow && named > 3 ? 9 : 18 }

  /// Assets that the legend has room for.
  private var named: Int { min(episode.assets.count, isNarrow ? 4 : 20) }

  private var weights: String {
    let first = episode.assets[0].clipped(12)
    let label = isPair ? "weight of \(first), %" : "weight less target, %"
    let curves =
      isPair
      ? [curve(weightColumn, 0, Gnuplot.quoted(episode.assets[0].clipped(18)))]
      : episode.assets.indices.map { curve(weightColumn + $0, $0, nil) }
    let target = isPair ? episode.targets[0] * 100 : 0
    let (low, high) = weightRange
    var lines = [
      panel(0.70, 0.475, label), "set yrange [\(low):\(high)]",
    ]
    if let band {
      lines.append(
        "set object 1 rectangle from graph 0, first \(target - band) to graph 1, first "
          + "\(target + band) fc rgb '\(Palette.band)' fs solid 1 noborder behind")
    }
    let legend = band == nil ? [] : ["keyentry with boxes fc rgb '\(Palette.band)' title 'band'"]
    let targetLine =
      "\(target) with lines lw 1.5 dt (6,4) lc rgb '\(Palette.optimum)' title 'target'"
    lines.append("plot " + (curves + [targetLine] + legend).joined(separator: ", "))
    lines.append("unset object\nset yrange [*:*]")
    return lines.joined(separator: "\n")
  }

  /// The band's half-width in percent, where it is the same for all that is drawn.
  private var band: Double? {
    guard let first = episode.band?.first, isPair || Set(episode.band ?? []).count == 1 else {
      return nil
    }
    return first * 100
  }

  /// What holds all weights, the target and the band, with a little air.
  private var weightRange: (Double, Double) {
    let target = isPair ? episode.targets[0] * 100 : 0
    let drawn = (0...episode.steps.count).flatMap { weightLines(weights(at: $0)) }
      .filter(\.isFinite)
    let edges = [target - (band ?? 0), target, target + (band ?? 0)].map { min(max($0, -100), 100) }
    let (low, high) = ((drawn + edges).min() ?? 0, (drawn + edges).max() ?? 0)
    let air = max((high - low) * 0.06, 0.01)
    return (low - air, high + air)
  }

  private var trades: String {
    let largest = episode.steps.map(\.turnover).max() ?? 0
    let count = episode.totals.trades
    let title = count == 0 ? "no trade" : count == 1 ? "1 trade" : "\(count) trades"
    return """
      \(panel(0.445, 0.30, "turnover, % of value"))
      set yrange [0:\(largest > 0 ? largest * 108 : 1)]
      plot $moments using 1:\(tradeColumn) with impulses lw \(count > 250 ? 1 : 2) \
      lc rgb '\(Palette.trade)' title '\(title)'
      set yrange [*:*]
      """
  }

  private var costs: String {
    let terms = [
      ("drift", Palette.drift), ("transaction", Palette.transaction), ("tax", Palette.tax),
    ]
    .enumerated().filter { term in term.offset < 2 || episode.steps.contains { $0.tax != 0 } }
    .map { term in
      "$moments using 1:\(costColumn + term.offset) with lines lw 2 lc rgb '\(term.element.1)' "
        + "title '\(term.element.0)'"
    }
    let all =
      "$moments using 1:\(costColumn + 3) with lines lw 2 lc rgb '\(Palette.optimum)' title 'all'"
    return """
      \(panel(0.27, 0.045, "cumulated cost, bp"))
      \(axis.map { "set xtics (\($0.labelled))" } ?? "set format x '%g'; set xlabel 'step'")
      plot \((terms + [all]).joined(separator: ", "))
      """
  }

  private var axis: DateAxis? {
    guard hasDates, let first = episode.steps.first?.date else { return nil }
    return DateAxis(from: first, through: episode.end.date)
  }

  /// A line of an asset: ten colours, then the same with dashes, then with dots.
  private func curve(_ column: Int, _ asset: Int, _ title: String?) -> String {
    let color = Palette.series(asset)
    let dash = ["1", "(8,3)", "(2,3)"][asset / Palette.series.count % 3]
    return "$moments using 1:\(column) with lines lw \(episode.assets.count > 6 ? 1.3 : 1.8) "
      + "dt \(dash) lc rgb '\(color)' " + (title.map { "title \($0)" } ?? "notitle")
  }
}
