import Rebalancing

/// What is decided on a plane of portfolios: two weights vary, the others share the rest as they do at
/// the state.
public struct DecisionPlane: Sendable, Hashable, Encodable {
  /// The two assets, first that of the columns.
  public var assets: [String]
  public var targets: [Double]
  /// Their weights at the state.
  public var here: [Double]
  /// Weights of the first asset, ascending.
  public var columns: [Double]
  /// Weights of the second, ascending.
  public var rows: [Double]
  /// Per row and column 0 none, 1 partial, 2 full; −1 where the two exceed the whole.
  public var actions: [[Int]]

  enum CodingKeys: String, CodingKey {
    case assets, here, actions
    case targets = "target_weights"
    case columns = "first_weights"
    case rows = "second_weights"
  }

  init(
    _ pair: (Int, Int), around state: ExplainedState, columns: [Double], rows: [Double],
    decide: (PortfolioSnapshot) -> TriggerDecision
  ) {
    let snapshot = state.snapshot
    let shares = sharesOfRest(
      without: [pair.0, pair.1], snapshot.weights, snapshot.targets)
    assets = [snapshot.assets[pair.0], snapshot.assets[pair.1]]
    targets = [snapshot.targets[pair.0], snapshot.targets[pair.1]]
    here = [snapshot.weights[pair.0], snapshot.weights[pair.1]]
    self.columns = columns
    self.rows = rows
    actions = rows.map { b in
      columns.map { a in
        guard a + b <= 1 + 1e-9 else { return -1 }
        let weights = shares.indices.map {
          $0 == pair.0 ? a : $0 == pair.1 ? b : shares[$0] * max(1 - a - b, 0)
        }
        return decide(state.holding(weights)).action.code
      }
    }
  }
}

extension TriggerDecision.Action {
  /// 0 none, 1 partial, 2 full or immediate.
  var code: Int {
    switch self {
    case .none: 0
    case .partial: 1
    case .full, .immediate: 2
    }
  }
}

/// An even grid of weights.
func weightGrid(_ range: ClosedRange<Double>, _ count: Int) -> [Double] {
  (0..<count).map {
    range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / Double(count - 1)
  }
}
