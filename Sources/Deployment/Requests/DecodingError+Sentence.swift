package import Foundation

/// What is wrong with a file of JSON that was not decoded, for people: the place in the text where it is
/// no JSON, else the field.
package func problem(in data: Data, _ error: any Error) -> String {
  if data.count <= JSONCheck.sizeLimit, let defect = JSONCheck.defect([UInt8](data)) {
    return defect.description
  }
  return (error as? DecodingError)?.sentence ?? "\(error)"
}

extension DecodingError {
  /// The field and what is wrong with it.
  package var sentence: String {
    switch self {
    case .keyNotFound(let key, let context):
      (context.codingPath + [key]).dotted("missing")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      context.codingPath.dotted("\(words(for: type)) is expected")
    case .dataCorrupted(let context):
      context.codingPath.dotted(context.debugDescription)
    @unknown default: "\(self)"
    }
  }
}

/// What JSON calls the values of a type.
private func words(for type: any Any.Type) -> String {
  switch type {
  case is Double.Type, is Float.Type: "a number"
  case is any FixedWidthInteger.Type: "a whole number"
  case is Bool.Type: "true or false"
  case is String.Type: "text"
  default: "\(type)".hasPrefix("Array<") ? "a list" : "a JSON object"
  }
}

extension [any CodingKey] {
  /// A problem after the place where it is; alone where that is the whole text.
  fileprivate func dotted(_ problem: String) -> String {
    let place = reduce("") { path, key in
      key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? "" : path + ".") + key.stringValue
    }
    return place.isEmpty ? problem : "\(place): \(problem)"
  }
}
