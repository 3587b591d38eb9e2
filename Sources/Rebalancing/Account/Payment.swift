/// Where costs and tax are taken from.
public enum Payment: Sendable, Hashable {
  /// From all holdings in proportion: weights stay as they are, and nothing is realised by it.
  case proRata
  /// From a cash asset; what it lacks is raised by selling the others in proportion, with costs and
  /// tax of its own.
  case cash(asset: Int)

  /// The cash asset.
  public var cash: Int? {
    if case .cash(let asset) = self { asset } else { nil }
  }
}
