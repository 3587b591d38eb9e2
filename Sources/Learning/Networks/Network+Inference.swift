import Algebra

extension Network {
  /// The outputs for one observation, summed in a fixed order: bias, then input 0, 1, 2, …
  ///
  /// This is the pass of evaluation and production. It calls no library, and the lanes are outputs, so
  /// the bits are the same on every machine.
  public func scores(_ observation: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: outputCount)
    var output = result.mutableSpan
    scores(observation.span, into: &output)
    return result
  }

  /// The outputs for one observation, without allocating.
  public func scores(_ observation: Span<Float>, into output: inout MutableSpan<Float>) {
    precondition(
      observation.count == inputCount && output.count == outputCount,
      "a network of \(inputCount) inputs and \(outputCount) outputs got \(observation.count) and "
        + "\(output.count)")
    let width = max(maximumWidth, inputCount)
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * width) { memory in
      guard let base = memory.baseAddress else { return }
      var (x, y) = unsafe (base, base + width)
      for i in observation.indices { unsafe x[i] = observation[i] }
      for layer in layers.dropLast() {
        switch activation {
        case .tanh: unsafe layer.apply(HyperbolicTangent.self, x, y)
        case .relu: unsafe layer.apply(Rectifier.self, x, y)
        }
        unsafe (x, y) = (y, x)
      }
      unsafe layers[layers.count - 1].apply(Identity.self, x, y)
      for i in output.indices { unsafe output[i] = y[i] }
    }
  }
}

extension Network.Layer {
  /// y = f(x W + b) for one observation.
  @unsafe @inline(__always) fileprivate func apply<F: ActivationFunction>(
    _ function: F.Type, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    let (inputs, outputs) = (weights.rows, weights.columns)
    unsafe withMemory(weights.elements) { w in
      unsafe withMemory(bias) { b in
        var j = 0
        while j + 64 <= outputs {
          // Four bundles at once: a sum waits for itself only every fourth instruction.
          var s0 = unsafe b.lanes(j)
          var s1 = unsafe b.lanes(j + 16)
          var s2 = unsafe b.lanes(j + 32)
          var s3 = unsafe b.lanes(j + 48)
          for i in 0..<inputs {
            let row = unsafe w + (i * outputs + j)
            let xi = unsafe x[i]
            unsafe s0 += xi * row.lanes(0)
            unsafe s1 += xi * row.lanes(16)
            unsafe s2 += xi * row.lanes(32)
            unsafe s3 += xi * row.lanes(48)
          }
          unsafe y.store(F.value(s0), j)
          unsafe y.store(F.value(s1), j + 16)
          unsafe y.store(F.value(s2), j + 32)
          unsafe y.store(F.value(s3), j + 48)
          j += 64
        }
        while j + 16 <= outputs {
          var s = unsafe b.lanes(j)
          for i in 0..<inputs { unsafe s += x[i] * w.lanes(i * outputs + j) }
          unsafe y.store(F.value(s), j)
          j += 16
        }
        while j < outputs {
          var s = unsafe b[j]
          for i in 0..<inputs { unsafe s += x[i] * w[i * outputs + j] }
          unsafe y[j] = F.value(s)
          j += 1
        }
      }
    }
  }
}
