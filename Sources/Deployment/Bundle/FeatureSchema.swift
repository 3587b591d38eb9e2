public import Algebra
public import Rebalancing

/// What a policy sees, in a file: enough to build its observations and to judge an input.
public struct FeatureSchema: Codable, Sendable, Hashable {
  /// The parts of the observation, in order, as `ObservationBuilder` builds them.
  public struct Part: Codable, Sendable, Hashable {
    public var feature: String
    public var halfWidth: Double?
    enum CodingKeys: String, CodingKey {
      case feature
      case halfWidth = "half_width"
    }
  }

  /// One number of the observation.
  public struct Column: Codable, Sendable, Hashable {
    public var name: String
    public var unit: String
    /// Bounds; `nil` where there is none.
    public var low: Float?
    public var high: Float?
    /// What happens where the number is missing: always `refuse`.
    public var missing: String
    /// Mean and standard deviation on paths of the training environment under the policy.
    public var trainingMean: Double
    public var trainingDeviation: Double
    enum CodingKeys: String, CodingKey {
      case name, unit, low, high, missing
      case trainingMean = "training_mean"
      case trainingDeviation = "training_deviation"
    }
  }

  /// The assets, in order.
  public var assets: [String]
  public var parts: [Part]
  /// Number of the market's regimes, where there are any.
  public var regimes: Int?
  public var columns: [Column]

  /// Describes a builder whose observations had the given moments in training.
  public init(_ builder: ObservationBuilder, assets: [String], moments: [RunningStatistics]) {
    self.assets = assets
    regimes = builder.regimeCount > 0 ? builder.regimeCount : nil
    parts = builder.features.map { feature in
      switch feature {
      case .weightDeviation: Part(feature: "weight_deviation")
      case .lastLogReturn: Part(feature: "last_log_return")
      case .unrealizedGain: Part(feature: "unrealized_gain")
      case .scaledDeviation(let width): Part(feature: "scaled_deviation", halfWidth: width)
      case .fact(let fact): Part(feature: fact.rawValue)
      }
    }
    columns = zip(builder.columns, moments).map { column, moments in
      Column(
        name: column.name, unit: column.unit, low: column.low.isFinite ? column.low : nil,
        high: column.high.isFinite ? column.high : nil, missing: "refuse",
        trainingMean: moments.mean, trainingDeviation: moments.standardDeviation)
    }
  }

  /// The builder that the parts describe.
  public func builder() throws(PolicyMismatch) -> ObservationBuilder {
    let features = try features()
    try checkColumns(of: features)
    return ObservationBuilder(
      features: features, assetCount: assets.count, regimeCount: regimes ?? 0)
  }

  /// No portfolio has more assets, no market more regimes.
  private static let limit = 10_000

  /// Refuses columns that do not follow from the parts, without making more of them than are given.
  private func checkColumns(
    of features: [ObservationBuilder.Feature]
  ) throws(PolicyMismatch) {
    guard assets.count <= Self.limit, (0...Self.limit).contains(regimes ?? 0) else {
      throw PolicyMismatch(
        description: "\(assets.count) assets and \(regimes ?? 0) regimes; at most \(Self.limit) of "
          + "each are valid")
    }
    var rest = columns[...]
    for feature in features {
      let names = ObservationBuilder(
        features: [feature], assetCount: assets.count, regimeCount: regimes ?? 0
      ).columns.map(\.name)
      guard rest.prefix(names.count).map(\.name) == names else {
        throw PolicyMismatch(description: "the columns do not follow from the parts")
      }
      rest = rest.dropFirst(names.count)
    }
    guard rest.isEmpty else {
      throw PolicyMismatch(description: "the columns do not follow from the parts")
    }
  }

  private func features() throws(PolicyMismatch) -> [ObservationBuilder.Feature] {
    var features: [ObservationBuilder.Feature] = []
    for part in parts {
      switch (part.feature, part.halfWidth) {
      case ("weight_deviation", nil): features.append(.weightDeviation)
      case ("last_log_return", nil): features.append(.lastLogReturn)
      case ("unrealized_gain", nil): features.append(.unrealizedGain)
      case ("scaled_deviation", .some(let width)) where width > 0:
        features.append(.scaledDeviation(halfWidth: width))
      case (let name, nil):
        guard let fact = Fact(rawValue: name) else {
          throw PolicyMismatch(description: "the feature “\(name)” is not known")
        }
        features.append(.fact(fact))
      default:
        throw PolicyMismatch(description: "the feature “\(part.feature)” is not known")
      }
    }
    return features
  }
}
