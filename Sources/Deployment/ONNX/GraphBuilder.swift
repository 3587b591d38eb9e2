import Algebra
import Foundation

/// Collects a graph of the Open Neural Network Exchange format, operators of version 17; each operation
/// gives the name of its result.
struct GraphBuilder {
  private(set) var graph = Onnx_GraphProto()

  /// Names of the kinds of numbers that values are of.
  typealias Kind = Onnx_TensorProto.DataType

  /// A length of an input or output that is known, or the name of one that is not.
  enum Length {
    case fixed(Int)
    case named(String)
  }

  init(name: String) { graph.name = name }

  // MARK: Ends

  mutating func input(_ name: String, _ kind: Kind, _ shape: [Length], _ words: String) -> String {
    graph.input.append(Self.end(name, kind, shape, words))
    return name
  }

  mutating func output(
    _ name: String, _ kind: Kind, _ shape: [Length], _ words: String, from value: String
  ) {
    node("Identity", [value], into: name)
    graph.output.append(Self.end(name, kind, shape, words))
  }

  private static func end(
    _ name: String, _ kind: Kind, _ shape: [Length], _ words: String
  ) -> Onnx_ValueInfoProto {
    var end = Onnx_ValueInfoProto()
    end.name = name
    end.docString = words
    end.type.tensorType.elemType = Int32(kind.rawValue)
    end.type.tensorType.shape.dim = shape.map { length in
      var dimension = Onnx_TensorShapeProto.Dimension()
      switch length {
      case .fixed(let count): dimension.dimValue = Int64(count)
      case .named(let name): dimension.dimParam = name
      }
      return dimension
    }
    return end
  }

  // MARK: Constants

  mutating func constant(_ values: [Float], _ shape: [Int] = []) -> String {
    constant(.float, shape, unsafe values.withUnsafeBytes { unsafe Data($0) })
  }

  mutating func constant(_ values: [Int64], _ shape: [Int] = []) -> String {
    constant(.int64, shape, unsafe values.withUnsafeBytes { unsafe Data($0) })
  }

  /// A constant of a name: what an input of that name is where nothing is given.
  mutating func constant(_ values: [Bool], _ shape: [Int], name: String) -> String {
    constant(.bool, shape, Data(values.map { $0 ? 1 : 0 }), name: name)
  }

  private mutating func constant(
    _ kind: Kind, _ shape: [Int], _ bytes: Data, name: String? = nil
  ) -> String {
    var tensor = Onnx_TensorProto()
    tensor.name = name ?? "constant_\(graph.initializer.count)"
    tensor.dims = shape.map(Int64.init)
    tensor.dataType = Int32(kind.rawValue)
    tensor.rawData = bytes
    graph.initializer.append(tensor)
    return tensor.name
  }

  // MARK: Operations

  /// The result of an operation on values.
  mutating func callAsFunction(
    _ operation: String, _ inputs: String..., attributes: [Onnx_AttributeProto] = []
  ) -> String {
    let name = "\(operation.lowercased())_\(graph.node.count)"
    node(operation, inputs, attributes, into: name)
    return name
  }

  private mutating func node(
    _ operation: String, _ inputs: [String], _ attributes: [Onnx_AttributeProto] = [],
    into output: String
  ) {
    var node = Onnx_NodeProto()
    node.opType = operation
    node.name = output
    node.input = inputs
    node.output = [output]
    node.attribute = attributes
    graph.node.append(node)
  }

  /// Numbers as another kind.
  mutating func cast(_ value: String, to kind: Kind) -> String {
    self("Cast", value, attributes: [.integer("to", Int64(kind.rawValue))])
  }

  /// The largest or smallest of each row, shape [batch, 1].
  mutating func reduced(_ operation: String, _ value: String) -> String {
    self(operation, value, attributes: [.integers("axes", [1]), .integer("keepdims", 1)])
  }

  /// The sum of each row, shape [batch, 1].
  mutating func sum(_ value: String) -> String {
    let axis = constant([Int64(1)], [1])
    return self("ReduceSum", value, axis, attributes: [.integer("keepdims", 1)])
  }

  /// Columns of rows.
  mutating func columns(_ value: String, _ indices: [Int]) -> String {
    let places = constant(indices.map(Int64.init), [indices.count])
    return self("Gather", value, places, attributes: [.integer("axis", 1)])
  }

  /// Whether numbers are finite, each for itself: NaN is not below anything.
  mutating func isFinite(_ value: String) -> String {
    let largest = constant([Float.greatestFiniteMagnitude])
    let size = self("Abs", value)
    return self("LessOrEqual", size, largest)
  }

  /// Whether all of a row is true, shape [batch, 1].
  mutating func all(_ value: String) -> String {
    let number = cast(value, to: .float)
    let least = reduced("ReduceMin", number)
    return cast(least, to: .bool)
  }

  /// Whether any of a row is true, shape [batch, 1].
  mutating func any(_ value: String) -> String {
    let number = cast(value, to: .float)
    let most = reduced("ReduceMax", number)
    return cast(most, to: .bool)
  }
}

extension Onnx_AttributeProto {
  static func integer(_ name: String, _ value: Int64) -> Self {
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.i, attribute.type) = (name, value, .int)
    return attribute
  }

  static func integers(_ name: String, _ values: [Int64]) -> Self {
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.ints, attribute.type) = (name, values, .ints)
    return attribute
  }
}
