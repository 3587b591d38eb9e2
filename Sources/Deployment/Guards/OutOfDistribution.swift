import Algebra
import Rebalancing

/// The law of what was seen in training, as far as three tests need it.
///
/// - range: no number lies farther outside of what was seen than a share of its width;
/// - z-score: max |x − μ| / σ;
/// - Mahalanobis: √((x − μ)ᵀ S⁻¹ (x − μ)), with S the covariance, a little ridge on its diagonal.
///
/// A column that took no more than three values in training, such as one of zero variance, is compared
/// with those, up to the rounding of a `Float` built from numbers of the order of 1.
public struct OutOfDistribution: Sendable, Hashable {
  /// One number of the observation, or of what is looked at besides.
  public struct Column: Sendable, Hashable {
    public var name: String
    public var low: Float
    public var high: Float
    public var mean: Double
    public var deviation: Double
    /// All that was seen, where it is few; then the other tests leave the column out.
    public var values: [Float]?
  }

  /// The largest measures that pass.
  public struct Limits: Sendable, Hashable {
    /// Shares of a column's width.
    public var excess: Double
    public var score: Double
    public var distance: Double
  }

  public var columns: [Column]
  /// L of the ridged correlation L Lᵀ of the columns without a list of values, row after row.
  public var factor: [Double]
  public var limits: Limits

  static let ridge = 1e-6
  static let fewValues = 3

  /// Describes samples; the limits are those that all of them meet.
  ///
  /// - Parameters:
  ///   - names: one per column.
  ///   - samples: [samples, columns], at least two.
  public init(names: [String], samples: [[Float]]) throws {
    let columns = names.indices.map { i in Column(name: names[i], samples.map { $0[i] }) }
    let own = columns.indices.filter { columns[$0].values == nil }
    self.columns = columns
    let standard = samples.map { row in
      own.map { (Double(row[$0]) - columns[$0].mean) / columns[$0].deviation }
    }
    var correlation = own.map { _ in own.map { _ in 0.0 } }
    for row in standard {
      for i in own.indices { for j in 0...i { correlation[i][j] += row[i] * row[j] } }
    }
    for i in own.indices {
      for j in 0...i { correlation[i][j] /= Double(max(samples.count - 1, 1)) }
      correlation[i][i] += Self.ridge
    }
    factor = try choleskyFactor(correlation).enumerated().flatMap { $1.prefix($0 + 1) }
    limits = Limits(excess: 0, score: 0, distance: 0)
    let detector = Detector(self)
    for row in samples {
      let measures = detector.measures(row)
      limits.score = max(limits.score, measures.score)
      limits.distance = max(limits.distance, measures.distance)
    }
  }

  /// What is wrong with it, naming the field.
  var defect: String? {
    let own = columns.count { $0.values == nil }
    guard factor.count == own * (own + 1) / 2, factor.allSatisfy(\.isFinite) else {
      return "factor: \(factor.count) numbers, \(own * (own + 1) / 2) finite ones are needed"
    }
    for column in columns where column.values == nil {
      guard column.deviation > 0, column.deviation.isFinite, column.mean.isFinite,
        column.low <= column.high
      else { return "columns: \(column.name) has no valid moments" }
    }
    guard limits.excess >= 0, limits.score > 0, limits.distance > 0 else {
      return "limits: 0 or more is valid"
    }
    return nil
  }
}

extension OutOfDistribution.Column {
  fileprivate init(name: String, _ samples: [Float]) {
    let moments = RunningStatistics(samples.map(Double.init))
    var values: [Float] = []
    for sample in samples where !values.contains(where: { Self.isSame($0, sample) }) {
      values.append(sample)
      if values.count > OutOfDistribution.fewValues { break }
    }
    self.init(
      name: name, low: samples.min() ?? 0, high: samples.max() ?? 0, mean: moments.mean,
      deviation: moments.standardDeviation,
      values: values.count > OutOfDistribution.fewValues ? nil : values.sorted())
  }

  /// Equal up to the rounding of a `Float` that is a difference of numbers of the order of 1.
  static func isSame(_ a: Float, _ b: Float) -> Bool {
    abs(a - b) <= 2 * .ulpOfOne * max(1, abs(b))
  }
}

// MARK: - JSON

extension OutOfDistribution: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case columns, factor, limits }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    columns = try container.decode([Column].self, forKey: .columns)
    factor = try container.decode([Double].self, forKey: .factor)
    limits = try container.decode(Limits.self, forKey: .limits)
  }
}

extension OutOfDistribution.Column: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, low, high, mean, deviation, values
  }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    low = try container.decode(Float.self, forKey: .low)
    high = try container.decode(Float.self, forKey: .high)
    mean = try container.decode(Double.self, forKey: .mean)
    deviation = try container.decode(Double.self, forKey: .deviation)
    values = try container.decodeIfPresent([Float].self, forKey: .values)
  }
}

extension OutOfDistribution.Limits: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case excess, score, distance }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    excess = try container.decode(Double.self, forKey: .excess)
    score = try container.decode(Double.self, forKey: .score)
    distance = try container.decode(Double.self, forKey: .distance)
  }
}
