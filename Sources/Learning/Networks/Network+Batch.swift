package import Algebra

/// The storage of a forward and backward pass over a block of observations.
///
/// Fill `input`, call `forward`; for gradients fill `outputDelta` and call `backward`. Rows that are
/// not used must have an output delta of zero: then they add nothing.
package struct NetworkWorkspace: Sendable {
  /// Shape [rows, inputs].
  package var input: Matrix
  /// One per layer, shape [rows, outputs]: hᵢ₊₁.
  var values: [Matrix]
  /// One per layer, shape [rows, outputs]: ∂loss/∂(hᵢ Wᵢ + bᵢ).
  var deltas: [Matrix]
  /// One per layer, shape [outputs, inputs]: `x·Wᵀ` with the transpose written out is a faster
  /// product than with the transpose flag.
  var transposedWeights: [Matrix]

  /// Storage for `rows` observations of a network of this shape.
  package init(for network: Network, rows: Int) {
    input = Matrix(rows: rows, columns: network.inputCount)
    values = network.layers.map { Matrix(rows: rows, columns: $0.weights.columns) }
    deltas = values
    transposedWeights = network.layers.map {
      Matrix(rows: $0.weights.columns, columns: $0.weights.rows)
    }
  }

  /// Shape [rows, outputs], the result of `forward`.
  package var output: Matrix { values[values.count - 1] }

  /// Shape [rows, outputs]: ∂loss/∂output, an argument of `backward`.
  package var outputDelta: Matrix {
    get { deltas[deltas.count - 1] }
    _modify { yield &deltas[deltas.count - 1] }
  }
}

extension Network {
  /// Computes `workspace.output` from `workspace.input`.
  package func forward(_ workspace: inout NetworkWorkspace) {
    let last = layers.count - 1
    for (i, layer) in layers.enumerated() {
      let x = i == 0 ? workspace.input : workspace.values[i - 1]
      workspace.values[i].setProduct(x, .none, layer.weights)
      switch i == last ? nil : activation {
      case nil: workspace.values[i].finish(Identity.self, bias: layer.bias)
      case .tanh: workspace.values[i].finish(HyperbolicTangent.self, bias: layer.bias)
      case .relu: workspace.values[i].finish(Rectifier.self, bias: layer.bias)
      }
    }
  }

  /// Writes out the transposed weights for `backward`; once after every change of the weights.
  package func prepareBackward(_ workspace: inout NetworkWorkspace) {
    for (i, layer) in layers.enumerated().dropFirst() {
      workspace.transposedWeights[i].elements.setTranspose(
        of: layer.weights.elements, rows: layer.weights.rows, columns: layer.weights.columns)
    }
  }

  /// Adds the gradient of a loss with respect to all parameters to `gradient`, given
  /// `workspace.outputDelta` after `forward` and `prepareBackward`.
  package func backward(_ workspace: inout NetworkWorkspace, addingTo gradient: inout Network) {
    for i in layers.indices.reversed() {
      let x = i == 0 ? workspace.input : workspace.values[i - 1]
      gradient.layers[i].weights.setProduct(x, .transposed, workspace.deltas[i], keep: 1)
      gradient.layers[i].bias.addColumnSums(of: workspace.deltas[i])
      guard i > 0 else { continue }
      let delta = workspace.deltas[i]
      workspace.deltas[i - 1].setProduct(
        delta, .none, workspace.transposedWeights[i])
      switch activation {
      case .tanh: workspace.deltas[i - 1].scaleBySlope(HyperbolicTangent.self, values: x)
      case .relu: workspace.deltas[i - 1].scaleBySlope(Rectifier.self, values: x)
      }
    }
  }
}

extension Matrix {
  /// Every row z becomes f(z + bias).
  fileprivate mutating func finish<F: ActivationFunction>(_ function: F.Type, bias: [Float]) {
    if F.finish(&self, bias: bias) { return }
    let (rows, columns) = (rows, columns)
    unsafe withMemory(&elements) { z in
      unsafe withMemory(bias) { b in
        for row in 0..<rows {
          let z = unsafe z + row * columns
          var j = 0
          while j + 16 <= columns {
            unsafe z.store(F.trainingValue(z.lanes(j) + b.lanes(j)), j)
            j += 16
          }
          while j < columns {
            unsafe z[j] = F.value(z[j] + b[j])
            j += 1
          }
        }
      }
    }
  }

  /// Multiplies by the slopes of an activation where it has the given values.
  fileprivate mutating func scaleBySlope<F: ActivationFunction>(
    _ function: F.Type, values: Matrix
  ) {
    let count = elements.count
    unsafe withMemory(&elements) { d in
      unsafe withMemory(values.elements) { y in
        var i = 0
        while i + 16 <= count {
          unsafe d.store(d.lanes(i) * F.slope(atValue: y.lanes(i)), i)
          i += 16
        }
        while i < count {
          unsafe d[i] *= F.slope(atValue: y[i])
          i += 1
        }
      }
    }
  }
}

extension [Float] {
  /// Adds the sums of a matrix's columns.
  fileprivate mutating func addColumnSums(of matrix: Matrix) {
    let (rows, columns) = (matrix.rows, matrix.columns)
    unsafe withMemory(&self) { sums in
      unsafe withMemory(matrix.elements) { x in
        var j = 0
        while j + 16 <= columns {
          var sum = Lanes16.zero
          for row in 0..<rows { unsafe sum += x.lanes(row * columns + j) }
          unsafe sums.store(sums.lanes(j) + sum, j)
          j += 16
        }
        while j < columns {
          var sum: Float = 0
          for row in 0..<rows { unsafe sum += x[row * columns + j] }
          unsafe sums[j] += sum
          j += 1
        }
      }
    }
  }
}
