extension TradingControls {
  /// What is different for one asset.
  public struct AssetOverride: Sendable, Hashable {
    /// It is traded only where |w − w*| is more than this.
    public var band: Double?
    /// It is not traded.
    public var frozen: Bool
    /// It is bought up to its target, and what it has above stays: it is not sold.
    public var hold: Bool

    public init(band: Double? = nil, frozen: Bool = false, hold: Bool = false) {
      (self.band, self.frozen, self.hold) = (band, frozen, hold)
    }
  }

  /// Trading as little as is bearable; an immediate decision is heard, and shrunk as the others.
  public struct DefensiveMode: Sendable, Hashable {
    /// Only where some |w − w*| is more than this.
    public var distance: Double
    /// A trade is at most this part of what was decided.
    public var fraction: Double

    public init(distance: Double, fraction: Double = 1) {
      (self.distance, self.fraction) = (distance, fraction)
    }
  }
}

extension TradingControls.AssetOverride: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case band, frozen, hold }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    band = try container.decodeIfPresent(Double.self, forKey: .band)
    frozen = try container.decodeIfPresent(Bool.self, forKey: .frozen) ?? false
    hold = try container.decodeIfPresent(Bool.self, forKey: .hold) ?? false
  }
}

extension TradingControls.DefensiveMode {
  /// What is wrong with it, naming the field.
  var defect: String? {
    if !(0...1).contains(distance) { return "defensive.distance: \(distance), 0 to 1 is valid" }
    if !(0...1).contains(fraction) { return "defensive.fraction: \(fraction), 0 to 1 is valid" }
    return nil
  }
}

extension TradingControls.DefensiveMode: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case distance, fraction }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    distance = try container.decode(Double.self, forKey: .distance)
    fraction = try container.decodeIfPresent(Double.self, forKey: .fraction) ?? 1
  }
}
