import Algebra
public import Foundation
public import Learning
import SwiftProtobuf

/// A graph that is no network of ours: what stands in the way.
public struct NetworkGraphError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  init(_ description: String) { self.description = description }
}

extension Network {
  /// Reads a network that another library has written in the Open Neural Network Exchange format: from
  /// one input `[batch, features]` a chain of affine layers with one kind of activation between them.
  ///
  /// Operators: `Gemm`, `MatMul`, `Add`, `Tanh`, `Relu`; before the first layer `Sub`, `Add`, `Mul`, `Div`
  /// by constants, which become part of it; `Identity`, `Flatten` and `Cast` to float change nothing.
  public init(graph data: Data) throws(NetworkGraphError) {
    let model: Onnx_ModelProto
    do { model = try Onnx_ModelProto(serializedBytes: data) } catch {
      throw NetworkGraphError("not a graph in the ONNX format: \(error)")
    }
    var reader = try NetworkGraphReader(model.graph)
    for node in model.graph.node { try reader.take(node) }
    self = try reader.network(endingIn: model.graph.output.map(\.name))
  }
}

/// Follows the one value that a chain of operators hands on.
private struct NetworkGraphReader {
  private let constants: [String: Onnx_TensorProto]
  /// The name of the value so far.
  private var value: String
  /// x ↦ scale · x + shift before the first layer; nil where there is nothing of it.
  private var scale: [Double]?
  private var shift: [Double]?
  private var layers: [Network.Layer] = []
  /// Whether the last layer's activation has come.
  private var isActivated = false
  private var activation: Activation?

  init(_ graph: Onnx_GraphProto) throws(NetworkGraphError) {
    // A constant is a part of the graph, or the only result of an operator that has no input.
    var constants = Dictionary(graph.initializer.map { ($0.name, $0) }) { first, _ in first }
    for node in graph.node where node.opType == "Constant" && node.output.count == 1 {
      constants[node.output[0]] = node.attribute.first { $0.name == "value" }?.t
    }
    self.constants = constants
    let inputs = graph.input.map(\.name).filter { constants[$0] == nil }
    guard inputs.count == 1, let input = inputs.first else {
      throw NetworkGraphError("the graph has the inputs \(inputs); one, the observation, is valid")
    }
    value = input
  }

  mutating func take(_ node: Onnx_NodeProto) throws(NetworkGraphError) {
    if node.opType == "Constant" { return }
    guard node.output.count == 1, let output = node.output.first else {
      throw fault(node, "gives \(node.output.count) values")
    }
    let isFirst = node.input.first == value
    guard isFirst || node.input.dropFirst().first == value else {
      throw fault(node, "takes \(node.input), not \(value) which the operator before it gives")
    }
    switch node.opType {
    case "Identity", "Flatten": break
    case "Cast":
      guard node.attribute.contains(where: { $0.name == "to" && $0.i == 1 }) else {
        throw fault(node, "makes other numbers than float")
      }
    case "Gemm" where isFirst: try multiply(node, isTransposed: try transposes(node))
    case "MatMul" where isFirst: try multiply(node, isTransposed: false)
    case "Tanh": try activate(.tanh, node)
    case "Relu": try activate(.relu, node)
    case "Add": try add(other(node), node)
    case "Sub" where isFirst: try add(try other(node).map { -$0 }, node)
    case "Mul": try multiply(by: other(node), node)
    case "Div" where isFirst: try multiply(by: try other(node).map { 1 / $0 }, node)
    default:
      throw fault(
        node, "is none of Gemm, MatMul, Add, Tanh, Relu, Sub, Mul, Div, Identity, Flatten, Cast")
    }
    value = output
  }

  func network(endingIn outputs: [String]) throws(NetworkGraphError) -> Network {
    guard !layers.isEmpty else { throw NetworkGraphError("the graph has no affine layer") }
    guard !isActivated else {
      throw NetworkGraphError("the graph ends with an activation; a policy ends with a layer")
    }
    guard outputs == [value] else {
      throw NetworkGraphError("the graph's outputs are \(outputs); \(value) alone is valid")
    }
    return Network(layers: layers, activation: activation ?? .tanh)
  }

  private func fault(_ node: Onnx_NodeProto, _ problem: String) -> NetworkGraphError {
    NetworkGraphError("the operator \(node.opType) “\(node.name)” \(problem)")
  }

  // MARK: Layers

  private mutating func multiply(
    _ node: Onnx_NodeProto, isTransposed: Bool
  ) throws(NetworkGraphError) {
    let (shape, given) = try constant(node, 1)
    guard shape.count == 2, shape.allSatisfy({ $0 > 0 }) else {
      throw fault(node, "has weights of shape \(shape)")
    }
    let (inputs, outputs) = isTransposed ? (shape[1], shape[0]) : (shape[0], shape[1])
    guard layers.isEmpty || isActivated, inputs == layers.last?.bias.count ?? inputs else {
      throw fault(
        node, isActivated ? "has \(inputs) inputs" : "follows a layer without an activation")
    }
    var weights = [Double](repeating: 0, count: inputs * outputs)
    for i in 0..<inputs {
      for j in 0..<outputs {
        weights[i * outputs + j] = given[isTransposed ? j * inputs + i : i * outputs + j]
      }
    }
    var bias = [Double](repeating: 0, count: outputs)
    if node.opType == "Gemm", node.input.count > 2 {
      bias = try vector(try constant(node, 2).values, outputs, node)
    }
    if layers.isEmpty { try absorb(&weights, &bias, inputs: inputs, node) }
    guard (weights + bias).allSatisfy({ Float($0).isFinite }) else {
      throw fault(node, "has numbers that are not finite")
    }
    layers.append(
      Network.Layer(
        weights: Matrix(rows: inputs, columns: outputs, elements: weights.map { Float($0) }),
        bias: bias.map { Float($0) }))
    isActivated = false
  }

  /// (s x + t) W + b = x (s W) + (t W + b).
  private func absorb(
    _ weights: inout [Double], _ bias: inout [Double], inputs: Int, _ node: Onnx_NodeProto
  ) throws(NetworkGraphError) {
    guard scale != nil || shift != nil else { return }
    let scale = try vector(scale ?? [1], inputs, node)
    let shift = try vector(shift ?? [0], inputs, node)
    let outputs = bias.count
    for i in 0..<inputs {
      for j in 0..<outputs {
        bias[j] += shift[i] * weights[i * outputs + j]
        weights[i * outputs + j] *= scale[i]
      }
    }
  }

  /// Whether a `Gemm` takes its weights the other way; its other attributes must be as they are by
  /// default.
  private func transposes(_ node: Onnx_NodeProto) throws(NetworkGraphError) -> Bool {
    for attribute in node.attribute {
      switch attribute.name {
      case "alpha" where attribute.f == 1, "beta" where attribute.f == 1: continue
      case "transA" where attribute.i == 0, "transB": continue
      default: throw fault(node, "has \(attribute.name) other than its default")
      }
    }
    return node.attribute.contains { $0.name == "transB" && $0.i == 1 }
  }

  private mutating func activate(
    _ kind: Activation, _ node: Onnx_NodeProto
  ) throws(NetworkGraphError) {
    guard !layers.isEmpty, !isActivated else { throw fault(node, "follows no layer") }
    guard activation ?? kind == kind else {
      throw fault(node, "is another activation than before; one kind is valid")
    }
    activation = kind
    isActivated = true
  }

  // MARK: Elements

  private mutating func add(
    _ values: [Double], _ node: Onnx_NodeProto
  ) throws(NetworkGraphError) {
    if layers.isEmpty {
      shift = try combined(shift ?? [0], values, node, +)
    } else if !isActivated, node.opType == "Add" {
      var layer = layers.removeLast()
      let sum = try combined(layer.bias.map { Double($0) }, values, node, +)
      layer = Network.Layer(weights: layer.weights, bias: sum.map { Float($0) })
      layers.append(layer)
    } else {
      throw fault(node, "stands between layers")
    }
  }

  private mutating func multiply(
    by values: [Double], _ node: Onnx_NodeProto
  ) throws(NetworkGraphError) {
    guard layers.isEmpty else { throw fault(node, "stands between layers") }
    scale = try combined(scale ?? [1], values, node, *)
    shift = try combined(shift ?? [0], values, node, *)
  }

  private func combined(
    _ a: [Double], _ b: [Double], _ node: Onnx_NodeProto, _ body: (Double, Double) -> Double
  ) throws(NetworkGraphError) -> [Double] {
    let count = max(a.count, b.count)
    return zip(try vector(a, count, node), try vector(b, count, node)).map(body)
  }

  /// One number for all, or one for each.
  private func vector(
    _ values: [Double], _ count: Int, _ node: Onnx_NodeProto
  ) throws(NetworkGraphError) -> [Double] {
    if values.count == count { return values }
    guard values.count == 1 else {
      throw fault(node, "has \(values.count) numbers where \(count) are needed")
    }
    return Array(repeating: values[0], count: count)
  }

  // MARK: Constants

  /// The constant that an elementwise operator takes besides the value.
  private func other(_ node: Onnx_NodeProto) throws(NetworkGraphError) -> [Double] {
    try constant(node, node.input.first == value ? 1 : 0).values
  }

  private func constant(
    _ node: Onnx_NodeProto, _ place: Int
  ) throws(NetworkGraphError) -> (shape: [Int], values: [Double]) {
    guard node.input.indices.contains(place), let tensor = constants[node.input[place]] else {
      throw fault(node, "takes something that is no constant of the graph")
    }
    let shape = tensor.dims.map { Int($0) }
    guard tensor.dataType == Int32(Onnx_TensorProto.DataType.float.rawValue),
      shape.allSatisfy({ (0...1 << 20).contains($0) }),
      tensor.rawData.count == 4 * shape.reduce(1, &*), !tensor.rawData.isEmpty
    else {
      throw fault(
        node, "takes the constant \(tensor.name), which is not raw float of shape \(shape)")
    }
    let bytes = [UInt8](tensor.rawData)
    let values = stride(from: 0, to: bytes.count, by: 4).map { first in
      var bits: UInt32 = 0
      for place in (0..<4).reversed() { bits = bits << 8 | UInt32(bytes[first + place]) }
      return Double(Float(bitPattern: bits))
    }
    return (shape, values)
  }
}
