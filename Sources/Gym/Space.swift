/// The set of valid observations or actions.
public enum Space: Sendable, Hashable {
  /// The whole numbers 0 ..< count.
  case discrete(count: Int)
  /// Vectors between two bounds, inclusive; infinite bounds are allowed.
  case box(low: [Float], high: [Float])

  /// A box with the same bounds in every dimension.
  public static func box(low: Float, high: Float, dimensions: Int) -> Space {
    .box(
      low: Array(repeating: low, count: dimensions), high: Array(repeating: high, count: dimensions)
    )
  }

  /// Numbers in one element: 1 for a discrete space, the dimensions of a box.
  public var size: Int {
    switch self {
    case .discrete: 1
    case .box(let low, _): low.count
    }
  }

  /// Number of elements of a discrete space; 0 for a box.
  public var count: Int {
    guard case .discrete(let count) = self else { return 0 }
    return count
  }

  /// Whether a whole number is an element of a discrete space.
  public func contains(_ value: Int) -> Bool {
    guard case .discrete(let count) = self else { return false }
    return (0..<count).contains(value)
  }

  /// Whether a vector is an element of a box; never where a component is not a number.
  public func contains(_ values: some Collection<Float>) -> Bool {
    guard case .box(let low, let high) = self, values.count == low.count else { return false }
    return zip(values, zip(low, high)).allSatisfy { $0 >= $1.0 && $0 <= $1.1 }
  }
}
