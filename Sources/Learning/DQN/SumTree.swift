/// Non-negative numbers whose sums are kept in a binary tree, so that one of them is drawn in
/// proportion to its size in log₂ steps.
///
/// Node i has the children 2i and 2i + 1; every change recomputes the sums above it, so that nothing
/// drifts.
package struct SumTree: Sendable, Equatable {
  /// A power of two, at least as many as there are numbers.
  private let leafCount: Int
  /// Node 1 is the root; the numbers begin at `leafCount`.
  private var nodes: [Double]

  /// - Parameter count: how many numbers, all zero at first.
  package init(count: Int) {
    precondition(count > 0, "a sum tree needs a number")
    var leaves = 1
    while leaves < count { leaves *= 2 }
    leafCount = leaves
    nodes = Array(repeating: 0, count: 2 * leaves)
  }

  /// The sum of all numbers.
  package var total: Double { nodes[1] }

  /// One of the numbers.
  package subscript(index: Int) -> Double {
    get { nodes[leafCount + index] }
    set {
      var node = leafCount + index
      nodes[node] = newValue
      while node > 1 {
        node /= 2
        nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
      }
    }
  }

  /// The first index at which the sum of the numbers up to it exceeds `mass`, in 0 ..< `total`.
  ///
  /// Rounding never leads to a number that is zero while another is not.
  package func index(at mass: Double) -> Int {
    var (node, rest) = (1, mass)
    while node < leafCount {
      node *= 2
      if rest >= nodes[node], nodes[node + 1] > 0 {
        rest -= nodes[node]
        node += 1
      }
    }
    return node - leafCount
  }
}
