import Foundation

/// A figure of a report: a script for gnuplot, and the sentence below it.
public struct Figure: Sendable {
  /// Letters, digits and hyphens; its file and, within a page, its marks are called so.
  public var name: String
  /// Short enough for a line of the figure.
  public var title: String
  /// A sentence that says what is to be seen.
  public var caption: String
  /// Pixels at 14-pixel type; a page scales them to the width of the reader's screen.
  var size: (width: Int, height: Int)
  /// All but the terminal and the output.
  var script: String

  /// A phone shows 14 pixels of 520 as 10 of 358.
  static let width = 520
  static let fontSize = 14

  /// The figure as a file; `nil` where gnuplot is not installed.
  public func svg() throws -> String? {
    let file = "\(name).svg"
    let terminal = """
      set terminal svg size \(size.width),\(size.height) font 'sans-serif,\(Self.fontSize)' \
      background rgb 'white' noenhanced
      set encoding utf8
      set output '\(file)'

      """
    return try Gnuplot.files([file], drawnBy: terminal + script + "\n")?[file].map {
      String(decoding: $0, as: UTF8.self)
    }
  }
}

/// An SVG that lies within a page: its marks are told from those of other figures, and it takes the
/// width that it is given.
enum InlineSVG {
  /// - Parameters:
  ///   - file: what gnuplot wrote.
  ///   - name: of the figure, put before every mark.
  ///   - description: what is read out instead of it.
  static func html(_ file: String, name: String, description: String) -> String {
    guard let start = file.range(of: "<svg") else { return "" }
    var text = String(file[start.lowerBound...])
    for (mark, replacement) in [
      ("id=\"", "id=\"\(name)-"), ("id='", "id='\(name)-"), ("href='#", "href='#\(name)-"),
      ("href=\"#", "href=\"#\(name)-"), ("url(#", "url(#\(name)-"),
    ] {
      text = text.replacing(mark, with: replacement)
    }
    // The page says how wide it is; the title would be shown by a pointer at rest anywhere.
    text = text.replacing(#/<title>[^<]*<\/title>/#, with: "")
    text = text.replacing(#/<desc>[^<]*<\/desc>/#, with: "")
    guard let end = text.firstIndex(of: ">") else { return "" }
    let head = text[..<end].replacing(#/ (width|height)="[^"]*"/#, with: "")
    return head + " role=\"img\" aria-label=\"\(description.htmlEscaped)\"" + text[end...]
  }
}

extension String {
  /// Safe between tags and in quoted attributes.
  var htmlEscaped: String {
    var escaped = ""
    for character in unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
