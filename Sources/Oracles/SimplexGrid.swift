/// Weights of three assets whose first two are whole numbers of steps 1/n, and functions on them.
///
/// Node (i, j), i + j ≤ n, stands for the weights (i, j, n − i − j) / n. Nodes are stored row after
/// row, i ascending.
public struct SimplexGrid: Sendable {
  /// n, the number of steps from 0 to 1.
  public let divisions: Int
  /// The place of node (i, 0); one more than there are rows.
  let rowStarts: [Int]

  init(divisions: Int) {
    self.divisions = divisions
    rowStarts = (0...divisions + 1).map { i in i * (divisions + 1) - i * (i - 1) / 2 }
  }

  /// (n + 1)(n + 2) / 2.
  public var count: Int { rowStarts[divisions + 1] }

  /// The weights at a node.
  func weights(_ i: Int, _ j: Int) -> SIMD3<Double> {
    SIMD3(Double(i), Double(j), Double(divisions - i - j)) / Double(divisions)
  }

  /// The weights of the node at a place.
  public func weights(at place: Int) -> SIMD3<Double> {
    // Rows become shorter, so the row is no farther than that of a square.
    var (low, high) = (0, divisions + 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if rowStarts[middle] <= place { low = middle } else { high = middle }
    }
    return weights(low, place - rowStarts[low])
  }

  /// The value at any weights, bilinear in the first two; linear where a cell is cut by the rim.
  @inline(__always)
  func linear(_ values: Span<Double>, first: Double, second: Double) -> Double {
    let (i, j, x, y) = cell(first, second)
    let (near, far) = (rowStarts[i] + j, rowStarts[i + 1] + j)
    let (v00, v01, v10) = (values[near], values[near + 1], values[far])
    let mixed = i + j + 1 == divisions ? 0 : values[far + 1] - v10 - v01 + v00
    return v00 + x * (v10 - v00) + y * (v01 - v00) + x * y * mixed
  }

  /// The value at any weights of a smooth function, by the cubic polynomials through 4 × 4 nodes;
  /// bilinear within two steps of the rim.
  @inline(__always)
  func cubic(_ values: Span<Double>, first: Double, second: Double) -> Double {
    let (i, j, x, y) = cell(first, second)
    guard i > 0, j > 0, i + j + 4 <= divisions else {
      return linear(values, first: first, second: second)
    }
    let (p, q) = (Self.cubicShares(x), Self.cubicShares(y))
    var sum = SIMD4<Double>()
    for k in 0..<4 {
      let place = rowStarts[i - 1 + k] + j - 1
      let row = SIMD4(values[place], values[place + 1], values[place + 2], values[place + 3])
      sum += p[k] * row
    }
    return (q * sum).sum()
  }

  /// What the nodes −1, 0, 1, 2 count at x in [0, 1].
  @inline(__always)
  private static func cubicShares(_ x: Double) -> SIMD4<Double> {
    let (a, b, c) = (x + 1, x - 1, x - 2)
    return SIMD4(-x * b * c / 6, a * b * c / 2, -a * x * c / 2, a * x * b / 6)
  }

  /// The nodes that a bilinear value is made of, and what each counts.
  func corners(first: Double, second: Double) -> (places: SIMD4<Int>, shares: SIMD4<Double>) {
    let (i, j, x, y) = cell(first, second)
    let (near, far) = (rowStarts[i] + j, rowStarts[i + 1] + j)
    return i + j + 1 == divisions
      ? (SIMD4(near, near + 1, far, near), SIMD4(1 - x - y, y, x, 0))
      : (
        SIMD4(near, near + 1, far, far + 1),
        SIMD4((1 - x) * (1 - y), (1 - x) * y, x * (1 - y), x * y)
      )
  }

  /// The cell of a point and the point's place in it.
  @inline(__always)
  private func cell(_ first: Double, _ second: Double) -> (Int, Int, Double, Double) {
    let (x, y) = (first * Double(divisions), second * Double(divisions))
    let i = min(max(Int(x), 0), divisions - 1)
    let j = min(max(Int(y), 0), divisions - 1 - i)
    return (i, j, x - Double(i), y - Double(j))
  }

  /// Replaces f by min over v of Σᵢ cᵢ |vᵢ − wᵢ| + f(v), in time proportional to the nodes.
  ///
  /// A trade is a sum of transfers between two assets, each cᵢ + cⱼ a unit, and its transfers in any
  /// order stay on the simplex, since no weight goes down and up. So the minimum over all trades is
  /// the minimum over transfers between one pair, then the next, then the last; and each of these is
  /// a running minimum along the lines of its direction, forward and backward.
  ///
  /// - Parameters:
  ///   - values: f at the nodes.
  ///   - costs: c, one-way and per unit of weight.
  /// - Returns: the place of the best v for each node; ties stay.
  func minimiseOverTrades(_ values: inout [Double], costs: SIMD3<Double>) -> [Int32] {
    let step = 1 / Double(divisions)
    var destinations = Array(0..<Int32(count))
    for fixed in 0..<3 {
      let price = (costs.sum() - costs[fixed]) * step
      for line in 0...divisions {
        var places = (0...divisions - line).map { place(line, $0, fixed: fixed) }
        for _ in 0..<2 {
          for (from, to) in zip(places, places.dropFirst())
          where values[from] + price < values[to] {
            values[to] = values[from] + price
            destinations[to] = destinations[from]
          }
          places.reverse()
        }
      }
    }
    return destinations
  }

  /// The place of the node whose weight `fixed` is `line` steps and whose next weight is `k`.
  private func place(_ line: Int, _ k: Int, fixed: Int) -> Int {
    switch fixed {
    case 0: rowStarts[line] + k
    case 1: rowStarts[k] + line
    default: rowStarts[k] + divisions - line - k
    }
  }
}
