import Algebra

extension Network {
  /// The parameters by name: `prefix.layers.0.weights`, `prefix.layers.0.bias`, …
  func tensors(prefix: String) -> [String: Tensor] {
    var result = [String: Tensor]()
    for (i, layer) in layers.enumerated() {
      result["\(prefix)layers.\(i).weights"] = Tensor(
        layer.weights.elements, shape: [layer.weights.rows, layer.weights.columns])
      result["\(prefix)layers.\(i).bias"] = Tensor(layer.bias)
    }
    return result
  }

  /// A network of this shape with the parameters of `tensors(prefix:)`.
  func reading(_ tensors: TensorReader, prefix: String) throws(LearnerStateError) -> Network {
    var result = self
    for (i, layer) in layers.enumerated() {
      try tensors.read(
        "\(prefix)layers.\(i).weights", shape: [layer.weights.rows, layer.weights.columns],
        into: &result.layers[i].weights.elements)
      try tensors.read(
        "\(prefix)layers.\(i).bias", shape: [layer.bias.count], into: &result.layers[i].bias)
    }
    return result
  }
}
