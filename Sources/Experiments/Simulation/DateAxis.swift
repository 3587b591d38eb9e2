import Markets

/// Marks of an axis of dates, as gnuplot reads them: at most eight, on first days of months or years,
/// or a number of days apart where the axis is short.
struct DateAxis {
  private let marks: [(date: CalendarDate, label: String)]

  init(from first: CalendarDate, through last: CalendarDate) {
    let months = last.monthIndex - first.monthIndex
    marks = months < 4 ? Self.days(first, last) : Self.months(first, last)
  }

  /// With what is written below them.
  var labelled: String {
    marks.map { "\(Gnuplot.quoted($0.label)) '\($0.date)'" }.joined(separator: ", ")
  }

  /// The marks alone.
  var unlabelled: String { marks.map { "'' '\($0.date)'" }.joined(separator: ", ") }

  private static func days(
    _ first: CalendarDate, _ last: CalendarDate
  ) -> [(date: CalendarDate, label: String)] {
    let step = [1, 2, 7].first { last.days(since: first) / $0 < 8 } ?? 14
    return stride(from: first.daysSinceEpoch, through: last.daysSinceEpoch, by: step).map {
      let date = CalendarDate(daysSinceEpoch: $0)
      return (date, "\(date.day) \(names[date.month - 1])")
    }
  }

  private static func months(
    _ first: CalendarDate, _ last: CalendarDate
  ) -> [(date: CalendarDate, label: String)] {
    let count = last.monthIndex - first.monthIndex
    var step = [1, 2, 3, 6, 12, 24, 60].first { count / $0 < 8 } ?? 120
    while count / step >= 8 { step *= 2 }
    let start = (first.monthIndex + step) / step * step
    return stride(from: start, through: last.monthIndex, by: step).compactMap { index in
      let (year, month) = (index / 12, index % 12)
      let label = step < 12 ? "\(names[month]) \(year)" : "\(year)"
      return CalendarDate(year: year, month: month + 1, day: 1).map { ($0, label) }
    }
  }

  private static let names = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
