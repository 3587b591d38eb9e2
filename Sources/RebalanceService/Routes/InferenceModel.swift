import Deployment
import Foundation
import Learning

/// A tensor as the Open Inference Protocol writes it.
struct InferenceTensor: Codable, Sendable {
  var name: String
  var shape: [Int]
  var datatype: String
  /// Row by row.
  var data: [Double]
}

/// The body of a call of `infer`.
struct InferenceRequest: Sendable {
  var id: String?
  var input: InferenceTensor

  private struct Document: Decodable {
    var id: String?
    var inputs: [InferenceTensor]
  }

  init(_ body: Data) throws(Problem) {
    let document: Document
    do { document = try JSONDecoder().decode(Document.self, from: body) } catch {
      throw Problem.invalidInput(
        "not a call: {\"inputs\": [{\"name\": \"observation\", \"shape\": [rows, columns], "
          + "\"datatype\": \"FP32\", \"data\": [numbers]}]} is expected")
    }
    guard document.inputs.count == 1, let input = document.inputs.first,
      input.name == "observation", input.datatype == "FP32"
    else { throw Problem.invalidInput("inputs: one of the name observation and FP32 is expected") }
    id = document.id
    self.input = input
  }
}

/// A policy's network as a model of the protocol.
struct InferenceModel: Sendable {
  private let bundle: PolicyBundle

  init(_ bundle: PolicyBundle) { self.bundle = bundle }

  /// Rows of one call at most.
  static let rowLimit = 1024
  private var columns: Int { bundle.policy.observationSize }
  private var outputs: Int { bundle.policy.actionCount }
  /// The name of the output: scores of actions, or the action itself.
  private var outputName: String { bundle.policy.isActor ? "values" : "scores" }

  struct Description: Encodable {
    struct Tensor: Encodable {
      var name: String
      var datatype: String
      var shape: [Int]
    }
    var name: String
    var versions: [String]
    var platform = "rebalance"
    var inputs: [Tensor]
    var outputs: [Tensor]
  }

  var description: Description {
    var outputs = [Description.Tensor(name: outputName, datatype: "FP32", shape: [-1, outputs])]
    if !bundle.policy.isActor {
      outputs.append(.init(name: "action", datatype: "INT64", shape: [-1]))
    }
    return Description(
      name: bundle.manifest.name, versions: [bundle.manifest.version],
      inputs: [.init(name: "observation", datatype: "FP32", shape: [-1, columns])],
      outputs: outputs)
  }

  struct Answer: Encodable {
    var modelName: String
    var modelVersion: String
    var id: String?
    var outputs: [Tensor]

    enum CodingKeys: String, CodingKey {
      case id, outputs
      case modelName = "model_name"
      case modelVersion = "model_version"
    }

    struct Tensor: Encodable {
      var name: String
      var datatype: String
      var shape: [Int]
      var data: [Float]
    }
  }

  /// Scores of every row, in the fixed order of evaluation and production.
  func infer(_ request: InferenceRequest) throws(Problem) -> Answer {
    let rows = try rows(request.input)
    let scores = rows.map(bundle.policy.scores)
    guard scores.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw Problem.invalidInput("inputs[0].data: the scores are not finite")
    }
    var tensors = [
      Answer.Tensor(
        name: outputName, datatype: "FP32", shape: [rows.count, outputs],
        data: scores.flatMap { $0 })
    ]
    if !bundle.policy.isActor {
      let actions = scores.map { Float(LearnedPolicy.greedyAction(ofScores: $0) ?? 0) }
      tensors.append(
        Answer.Tensor(name: "action", datatype: "INT64", shape: [rows.count], data: actions))
    }
    return Answer(
      modelName: bundle.manifest.name, modelVersion: bundle.manifest.version, id: request.id,
      outputs: tensors)
  }

  private func rows(_ input: InferenceTensor) throws(Problem) -> [[Float]] {
    guard input.shape.count == 2, (1...Self.rowLimit).contains(input.shape[0]),
      input.shape[1] == columns, input.data.count == input.shape[0] * columns
    else {
      throw Problem.invalidInput(
        "inputs[0]: shape [1 to \(Self.rowLimit), \(columns)] and as many numbers are expected")
    }
    let numbers = input.data.map { Float($0) }
    if let i = numbers.firstIndex(where: { !$0.isFinite }) {
      throw Problem.invalidInput("inputs[0].data[\(i)]: not a number that FP32 has")
    }
    return (0..<input.shape[0]).map { Array(numbers[$0 * columns..<($0 + 1) * columns]) }
  }
}
