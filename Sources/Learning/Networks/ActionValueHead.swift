import Algebra

/// How the outputs of a network become action values.
///
/// Plain: output a is Q(s, a). Duelling (Wang et al. 2016): the outputs are A(s, 1) … A(s, n), V(s)
/// and Q(s, a) = V(s) + A(s, a) − mean A(s, ·). Both heads stand on the same last hidden layer and are
/// linear, so they are one layer, and fold into a plain one.
package struct ActionValueHead: Sendable {
  package let actionCount: Int
  package let isDueling: Bool

  package init(actionCount: Int, isDueling: Bool) {
    self.actionCount = actionCount
    self.isDueling = isDueling
  }

  /// Outputs of the network.
  package var outputCount: Int { actionCount + (isDueling ? 1 : 0) }

  /// The valid action of the largest value, the lowest of equals.
  ///
  /// - Parameters:
  ///   - outputs: shape [rows, outputs].
  ///   - masks: shape [rows, actions], or empty where all are valid.
  package func best(_ outputs: [Float], row: Int, masks: [Bool], maskRow: Int) -> Int {
    // V and mean A are the same for all actions.
    let (start, mask) = (row * outputCount, maskRow * actionCount)
    var (best, largest) = (0, -Float.infinity)
    for action in 0..<actionCount where masks.isEmpty || masks[mask + action] {
      let value = outputs[start + action]
      if value > largest { (best, largest) = (action, value) }
    }
    return best
  }

  /// Q of one row and action.
  package func value(_ outputs: [Float], row: Int, action: Int) -> Float {
    let start = row * outputCount
    guard isDueling else { return outputs[start + action] }
    var sum: Float = 0
    for a in 0..<actionCount { sum += outputs[start + a] }
    return outputs[start + actionCount] + (outputs[start + action] - sum / Float(actionCount))
  }

  /// Sets the deltas of one row, given ∂loss/∂Q(s, a) of one action.
  package func differentiate(_ slope: Float, action: Int, row: Int, into deltas: inout [Float]) {
    let start = row * outputCount
    let others = isDueling ? -slope / Float(actionCount) : 0
    for a in 0..<actionCount { deltas[start + a] = others }
    deltas[start + action] += slope
    if isDueling { deltas[start + actionCount] = slope }
  }

  /// The network whose outputs are the action values themselves.
  package func folded(_ network: Network) -> Network {
    guard isDueling, let last = network.layers.last else { return network }
    var layers = network.layers
    layers[layers.count - 1] = Network.Layer(
      weights: Matrix(
        rows: last.weights.rows, columns: actionCount,
        elements: (0..<last.weights.rows).flatMap { row in
          fold(last.weights.elements[row * outputCount..<(row + 1) * outputCount])
        }), bias: fold(last.bias[...]))
    return Network(layers: layers, activation: network.activation)
  }

  /// V + A − mean A.
  private func fold(_ outputs: ArraySlice<Float>) -> [Float] {
    let advantages = outputs.prefix(actionCount)
    let mean = advantages.reduce(0) { $0 + Double($1) } / Double(actionCount)
    let value = Double(outputs[outputs.endIndex - 1])
    return advantages.map { Float(value + (Double($0) - mean)) }
  }
}
