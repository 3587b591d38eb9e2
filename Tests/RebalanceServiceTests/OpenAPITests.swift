import Deployment
import Foundation
import RebalanceService
import Rebalancing
import Testing

/// The description of requests is what the decoder takes: a field that only one of them knows is found.
@Suite struct OpenAPITests {
  private let schemas: [String: [String: Any]]

  init() throws {
    let document = try JSONSerialization.jsonObject(with: OpenAPIDocument.shared.json)
    let components = (document as? [String: Any])?["components"] as? [String: Any]
    schemas = try #require(components?["schemas"] as? [String: [String: Any]])
  }

  /// The schema that is meant, where it only refers to another.
  private func resolved(_ schema: [String: Any]) throws -> [String: Any] {
    guard let reference = schema["$ref"] as? String else { return schema }
    return try #require(schemas[String(reference.split(separator: "/").last ?? "")])
  }

  /// The fields of every object that a schema describes, by its place in a document of that schema, and
  /// what stands around it there.
  private func objects(
    _ schema: [String: Any], at place: String, around: @escaping (Any) -> Any
  ) throws -> [(place: String, schema: [String: Any], around: (Any) -> Any)] {
    let schema = try resolved(schema)
    if let items = schema["items"] as? [String: Any] {
      return try objects(items, at: place + "[0]") { around([$0]) }
    }
    if let others = schema["additionalProperties"] as? [String: Any] {
      return try objects(others, at: place + ".A") { around(["A": $0]) }
    }
    guard let fields = schema["properties"] as? [String: [String: Any]] else { return [] }
    return [(place, schema, around)]
      + (try fields.sorted { $0.key < $1.key }.flatMap { name, field in
        try objects(field, at: place.isEmpty ? name : "\(place).\(name)") { around([name: $0]) }
      })
  }

  /// The fields that the decoder takes in an object, as it says them to one who sends another.
  private func accepted(_ document: Any) throws -> Set<String> {
    var request: [String: Any] = [
      "date": "2024-03-29", "assets": ["A", "B"], "holdings": [70, 30],
      "target_weights": [0.6, 0.4],
    ]
    request.merge(try #require(document as? [String: Any])) { $1 }
    let data = try JSONSerialization.data(withJSONObject: request)
    let decider = RuleService(
      try RuleCatalog.plainRule("never", assets: ["A", "B"]), assets: ["A", "B"])
    let error = try #require(throws: RequestError.self) { try decider.decide(request: data) }
    let words = error.description.components(separatedBy: "there is no such field; there are ")
    try #require(words.count == 2, "\(error.description)")
    return Set(words[1].components(separatedBy: ", "))
  }

  @Test func `describes the fields that the decoder takes, at every depth`() throws {
    let objects = try objects(#require(schemas["Snapshot"]), at: "") { $0 }
    #expect(
      objects.map(\.place) == [
        "", "controls", "controls.defensive", "controls.kill_switch", "controls.overrides.A",
        "controls.pause", "controls.pause.extends[0]", "indicators", "lots[0]", "tax_position",
        "tax_position.loss_sales[0]",
      ])
    for object in objects {
      let fields = try #require(object.schema["properties"] as? [String: Any])
      #expect(Set(fields.keys) == (try accepted(object.around(["?": 1]))), "\(object.place)")
      #expect(object.schema["additionalProperties"] as? Bool == false, "\(object.place)")
    }
  }

  @Test func `describes the facts that there are`() throws {
    let fields = try #require(schemas["Snapshot"]?["properties"] as? [String: [String: Any]])
    let names = try #require(fields["facts"]?["propertyNames"] as? [String: [String]])
    #expect(names["enum"] == Fact.allCases.map(\.rawValue))
  }
}
