public import Foundation
import Yams

/// A value of a specification with the line it stands on.
public struct SpecValue: Sendable, Hashable {
  /// What it is.
  public indirect enum Content: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([SpecValue])
    case map([String: SpecValue])
  }

  public var content: Content
  /// The line in the file, counted from 1; `nil` for an override.
  public var line: Int?

  public init(_ content: Content, line: Int? = nil) {
    self.content = content
    self.line = line
  }
}

/// A specification that cannot be used: what was given, what is valid, and where.
public struct SpecError: Error, CustomStringConvertible, Sendable, Hashable {
  public let file: String
  public let line: Int?
  public let problem: String
  public init(file: String, line: Int? = nil, _ problem: String) {
    self.file = file
    self.line = line
    self.problem = problem
  }
  public var description: String {
    line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
  }
}

// MARK: - YAML

extension SpecValue {
  /// Reads a YAML file; a key that stands twice is an error.
  public init(yaml path: String) throws(SpecError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SpecError(file: path, "there is no such file")
    }
    try self.init(yaml: String(decoding: data, as: UTF8.self), file: path)
  }

  /// Reads YAML text.
  public init(yaml text: String, file: String) throws(SpecError) {
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch YamlError.duplicatedKeysInMapping(
      let keys, _)
    {
      let key = keys.first ?? ""
      throw SpecError(
        file: file, line: Self.lastLine(of: key, in: text), "the key “\(key)” stands twice")
    } catch {
      throw SpecError(file: file, "not YAML: \(error)")
    }
    guard let node else { throw SpecError(file: file, "the file is empty") }
    self = try SpecValue(node, file: file)
  }

  /// The last line that begins with a key, counted from 1.
  private static func lastLine(of key: String, in text: String) -> Int? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.lastIndex { $0.drop { $0 == " " }.hasPrefix(key + ":") }.map { $0 + 1 }
  }

  private init(_ node: Node, file: String) throws(SpecError) {
    line = node.mark?.line
    switch node {
    case .scalar:
      content = Self.scalar(node)
    case .sequence(let sequence):
      var list: [SpecValue] = []
      for element in sequence { list.append(try SpecValue(element, file: file)) }
      content = .list(list)
    case .mapping(let mapping):
      var map: [String: SpecValue] = [:]
      for (key, value) in mapping {
        guard let name = key.string else {
          throw SpecError(file: file, line: key.mark?.line, "a key must be text")
        }
        guard map[name] == nil else {
          throw SpecError(file: file, line: key.mark?.line, "the key “\(name)” stands twice")
        }
        var value = try SpecValue(value, file: file)
        value.line = key.mark?.line
        map[name] = value
      }
      content = .map(map)
    case .alias:
      throw SpecError(file: file, line: line, "aliases are not supported")
    }
  }

  private static func scalar(_ node: Node) -> Content {
    switch node.tag.description {
    case "tag:yaml.org,2002:null": .null
    case "tag:yaml.org,2002:bool": node.bool.map { .bool($0) } ?? .string(node.string ?? "")
    case "tag:yaml.org,2002:int": node.int.map { .int($0) } ?? .string(node.string ?? "")
    case "tag:yaml.org,2002:float": node.float.map { .double($0) } ?? .string(node.string ?? "")
    default: .string(node.string ?? "")
    }
  }
}

// MARK: - Overrides

extension SpecValue {
  /// The keys of this map and of another one, whose values count where a key is in both.
  func merging(_ other: SpecValue) -> SpecValue {
    guard case .map(let own) = content, case .map(let others) = other.content else { return other }
    return SpecValue(.map(own.merging(others) { _, other in other }))
  }

  /// The map without some keys.
  func without(_ keys: [String]) -> SpecValue {
    guard case .map(let own) = content else { return self }
    return SpecValue(.map(own.filter { !keys.contains($0.key) }), line: line)
  }

  /// The specification with `key=value` overrides; dots lead into inner maps, values are YAML, and
  /// `null` takes a key away.
  public func setting(_ overrides: [String], file: String) throws(SpecError) -> SpecValue {
    var result = self
    for override in overrides {
      let parts = override.split(separator: "=", maxSplits: 1).map(String.init)
      let path = (parts.first ?? "").split(separator: ".", omittingEmptySubsequences: false)
        .map(String.init)
      guard parts.count == 2, !path.contains("") else {
        throw SpecError(file: file, "--set \(override): KEY=VALUE is expected")
      }
      var value = try SpecValue(yaml: parts[1], file: "--set \(override)")
      value.line = nil
      try result.set(value, at: path[...], override: override, file: file)
    }
    return result
  }

  private mutating func set(
    _ value: SpecValue, at path: ArraySlice<String>, override: String, file: String
  ) throws(SpecError) {
    guard let key = path.first else {
      self = value
      return
    }
    guard case .map(var map) = content else {
      throw SpecError(file: file, "--set \(override): “\(key)” would stand in a value, not a map")
    }
    if path.count == 1, value.content == .null {
      map[key] = nil
      content = .map(map)
      return
    }
    var inner = map[key] ?? SpecValue(.map([:]))
    try inner.set(value, at: path.dropFirst(), override: override, file: file)
    inner.line = map[key] == nil ? nil : inner.line
    map[key] = inner
    content = .map(map)
  }
}

// MARK: - JSON

extension SpecValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      content = .null
    } else if let value = try? container.decode(Bool.self) {
      content = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      content = .int(value)
    } else if let value = try? container.decode(Double.self) {
      content = .double(value)
    } else if let value = try? container.decode(String.self) {
      content = .string(value)
    } else if let value = try? container.decode([SpecValue].self) {
      content = .list(value)
    } else {
      content = .map(try container.decode([String: SpecValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch content {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .map(let value): try container.encode(value)
    }
  }

  /// JSON with sorted keys: equal specifications have equal bytes.
  public func canonicalJSON() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }

  /// The value on one line, as an override gives it: words as they are, all else as JSON.
  func inlineText() throws -> String {
    if case .string(let word) = content { return word }
    return String(decoding: try canonicalJSON(), as: UTF8.self)
  }
}
