extension String {
  /// The words in lines of at most 80 columns, each line after spaces; a longer word is broken.
  public func wrapped(indent: Int = 0) -> [String] {
    let width = 80 - indent
    var lines: [String] = []
    for word in split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
        continue
      }
      var rest = word
      while !rest.isEmpty {
        lines.append(String(rest.prefix(width)))
        rest = rest.dropFirst(width)
      }
    }
    return lines.map { String(repeating: " ", count: indent) + $0 }
  }
}
