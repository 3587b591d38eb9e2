import Foundation

/// A table of a report.
public struct ReportTable: Sendable {
  /// Letters, digits and hyphens; its file is called so.
  public var name: String
  public var title: String
  public var columns: [Column]
  public var rows: [[Cell]]
  /// What is to be known to read it.
  public var note: String?

  public struct Column: Sendable, Hashable {
    public var name: String
    /// Empty where there is none.
    public var unit: String
    /// Numbers are set to the right.
    public var isNumeric: Bool

    public init(_ name: String, unit: String = "", isNumeric: Bool = true) {
      (self.name, self.unit, self.isNumeric) = (name, unit, isNumeric)
    }
  }

  /// What stands in a row and column.
  public struct Cell: Sendable, Hashable {
    /// What people read.
    public var text: String
    /// What programs read, with all its digits.
    public var value: Double?
    /// How strongly it is marked as a loss, 0 … 1; below 0 as a gain.
    public var shade: Double?

    /// Words.
    public init(_ text: String) { self.text = text }

    /// A number; a dash where there is none.
    public init(_ value: Double?, decimals: Int, shade: Double? = nil) {
      self.value = value
      self.shade = shade
      text =
        value.map { $0.isFinite ? $0.fixed(decimals).replacing("-", with: "−") : "\($0)" } ?? "–"
    }
  }

  public init(
    name: String, title: String, columns: [Column], rows: [[Cell]] = [], note: String? = nil
  ) {
    (self.name, self.title, self.columns) = (name, title, columns)
    (self.rows, self.note) = (rows, note)
  }

  /// The table for programs, by RFC 4180: names with units, numbers with all digits.
  public var csv: String {
    let head = columns.map { $0.unit.isEmpty ? $0.name : "\($0.name) (\($0.unit))" }
    let lines = rows.map { row in
      row.map { cell in
        cell.value.map { "\($0)" } ?? (cell.text == "–" ? "" : cell.text)
      }
    }
    return ([head] + lines).map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
  }
}

/// A field of RFC 4180.
func csvField(_ field: String) -> String {
  guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
  return "\"" + field.replacing("\"", with: "\"\"") + "\""
}

extension ReportTable {
  /// Losses of policies under scenarios, each cell the darker the larger the loss.
  ///
  /// - Parameters:
  ///   - losses: `[policy, scenario]`; `nil` where a policy has none.
  ///   - isByScenario: whether shades compare the policies within a scenario, where scenarios differ
  ///     too much to be compared: the least is bare and the largest dark.
  public static func stress(
    name: String, title: String, unit: String, policies: [String], scenarios: [String],
    losses: [[Double?]], decimals: Int = 1, isByScenario: Bool = false
  ) -> ReportTable {
    let ranges = scenarios.indices.map { scenario in
      let all = isByScenario ? losses.map { $0[scenario] } : losses.flatMap { $0 }
      let known = all.compactMap { $0 }
      let least = isByScenario ? known.min() ?? 0 : 0
      return (least: least, span: known.map { abs($0 - least) }.max() ?? 0)
    }
    return ReportTable(
      name: name, title: title,
      columns: [Column("policy", isNumeric: false)] + scenarios.map { Column($0, unit: unit) },
      rows: zip(policies, losses).map { policy, row in
        [Cell(shortName(policy))]
          + zip(row, ranges).map { loss, range in
            Cell(
              loss, decimals: decimals,
              shade: loss.map { range.span > 0 ? ($0 - range.least) / range.span : 0 })
          }
      },
      note: isByScenario
        ? "The darker, the larger within its column." : "The darker, the larger. Blue: gains.")
  }
}
