public import Algebra

// The filter of Hamilton (1989): what returns tell about the regime.

extension RegimeMarket {
  /// Takes in the returns of a step.
  ///
  ///     posterior_s ∝ prior_s · N(x; μ_s, L_s L_sᵀ),   prior'_t = Σ_s posterior_s P_st
  ///
  /// - Parameter returns: x, at places `first` ..< `first + assets`.
  @inlinable package func filter<L: Lanes>(
    _ returns: Span<L>, at first: Int, state: inout MutableSpan<L>, at place: Int
  ) where L.Scalar == Scalar {
    let prior = place + 1
    let posterior = prior + regimeCount
    var best = logLikelihood(0, of: returns, at: first)
    state[posterior] = best
    for k in 1..<regimeCount {
      state[posterior + k] = logLikelihood(k, of: returns, at: first)
      best = L.larger(best, state[posterior + k])
    }
    var total = L(repeating: 0)
    for k in 0..<regimeCount {
      // A likelihood ratio counts for at most 10²⁶, so that the total is above 0.
      let ratio = L.exp(L.larger(state[posterior + k] - best, L(repeating: -60)))
      state[posterior + k] = state[prior + k] * ratio
      total = total + state[posterior + k]
    }
    for k in 0..<regimeCount { state[posterior + k] = state[posterior + k] / total }
    for to in 0..<regimeCount {
      var sum = L(repeating: 0)
      for from in 0..<regimeCount {
        sum = sum + state[posterior + from] * L(repeating: transition[from * regimeCount + to])
      }
      state[prior + to] = sum
    }
  }

  /// log N(x; μ_s, L_s L_sᵀ) without its constant: −log det L_s − ½ |L_s⁻¹ (x − μ_s)|².
  @inlinable func logLikelihood<L: Lanes>(_ regime: Int, of returns: Span<L>, at first: Int) -> L
  where L.Scalar == Scalar {
    var square = L(repeating: 0)
    for i in 0..<assetCount {
      let row = (regime * assetCount + i) * assetCount
      var z = L(repeating: 0)
      for j in 0...i {
        let deviation = returns[first + j] - L(repeating: means[regime * assetCount + j])
        z = z + L(repeating: inverses[row + j]) * deviation
      }
      square = square + z * z
    }
    return L(repeating: logScales[regime]) - L(repeating: 0.5) * square
  }

  /// The standard deviation of the next return per √year, of the mixture with the filter's
  /// probabilities: Σ p_s (σ_s² + μ_s²) − (Σ p_s μ_s)².
  @inlinable func volatility<L: Lanes>(of asset: Int, state: Span<L>) -> L
  where L.Scalar == Scalar {
    var mean = L(repeating: 0)
    for k in 0..<regimeCount {
      mean = mean + state[1 + k] * L(repeating: means[k * assetCount + asset])
    }
    var variance = L(repeating: 0)
    for k in 0..<regimeCount {
      let deviation = L(repeating: means[k * assetCount + asset]) - mean
      let own = covariancesPerYear[(k * assetCount + asset) * assetCount + asset]
      variance =
        variance + state[1 + k]
        * (L(repeating: own) + deviation * deviation * L(repeating: stepsPerYear))
    }
    return variance.roots()
  }
}

/// The law π of a Markov chain that it keeps: π P = π, Σπ = 1.
///
/// - Parameter transition: rows of probabilities.
/// - Throws: where there are several such laws.
func stationaryLaw(ofTransition transition: [[Double]]) throws(LinearAlgebraError) -> [Double] {
  let count = transition.count
  // Row j of the system is Σ_i π_i (P_ij − [i = j]) = 0, the last one Σπ = 1.
  var columns: [Double] = []
  for i in 0..<count {
    for j in 0..<count - 1 { columns.append(transition[i][j] - (i == j ? 1 : 0)) }
    columns.append(1)
  }
  var law = [Double](repeating: 0, count: count)
  law[count - 1] = 1
  try solveLinearSystem(columns: &columns, rightHandSides: &law)
  return law.map { max(0, $0) }
}

/// The inverse of a lower triangular matrix, row by row; rows that are 0 stay 0.
func inverse(ofLower factor: [[Double]]) -> [[Double]] {
  let n = factor.count
  var result = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
  for column in 0..<n where factor[column][column] > 0 {
    result[column][column] = 1 / factor[column][column]
    for row in column + 1..<n where factor[row][row] > 0 {
      let sum = (column..<row).reduce(0) { $0 + factor[row][$1] * result[$1][column] }
      result[row][column] = -sum / factor[row][row]
    }
  }
  return result
}
