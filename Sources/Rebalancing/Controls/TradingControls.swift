/// What people have said about trading, as a request carries it: decisions are a function of it.
///
/// Controls only forbid and shrink. Kill switch and pause change by acts with a name and a reason.
public struct TradingControls: Sendable, Hashable {
  public private(set) var killSwitch = KillSwitch()
  public private(set) var pause: Pause?
  /// Names of assets that are not traded.
  public var frozen: [String] = []
  /// What is different for an asset, by its name.
  public var overrides: [String: AssetOverride] = [:]
  /// Days that must lie between two trades, unless the decision is immediate.
  public var minimumDays: Int?
  /// No asset is bought beyond this weight.
  public var maximumWeight: Double?
  public var defensive: DefensiveMode?

  /// No control.
  public init() {}
}

// MARK: - Acts

extension TradingControls {
  /// Stops all trading until it is released.
  public mutating func pullKillSwitch(_ act: ControlAct) { killSwitch.pull(act) }

  /// Allows trading again after the kill switch; a pause stays.
  public mutating func releaseKillSwitch(
    _ act: ControlAct
  ) throws(ControlError) -> KillSwitch.Release { try killSwitch.release(act) }

  /// Stops trading for a while.
  ///
  /// - Throws: where a pause is in force: it is extended, with a reason of its own.
  public mutating func begin(_ pause: Pause) throws(ControlError) {
    if let old = self.pause, let new = pause.acts.first, old.isInForce(at: new.from) {
      throw ControlError("pause: one is in force until \(old.acts[old.acts.count - 1].until)")
    }
    self.pause = pause
  }

  /// Makes the pause longer.
  public mutating func extendPause(
    from: UTCTime, until: UTCTime, by: String, reason: String
  ) throws(ControlError) {
    guard let pause else { throw ControlError("pause: none is there to be extended") }
    self.pause = try pause.extended(from: from, until: until, by: by, reason: reason)
  }

  /// Ends the pause before its time.
  ///
  /// - Returns: the pause that was in force.
  public mutating func endPause(_ act: ControlAct) throws(ControlError) -> Pause {
    guard let pause, pause.isInForce(at: act.at) else {
      throw ControlError("pause: none is in force at \(act.at)")
    }
    self.pause = nil
    return pause
  }
}

// MARK: - Validity

extension TradingControls {
  /// What is wrong with the controls of a portfolio, naming the field.
  func defect(assets: [String]) -> String? {
    if let name = frozen.first(where: { !assets.contains($0) }) {
      return "frozen: there is no asset “\(name)”"
    }
    for (name, own) in overrides.isEmpty ? [] : overrides.sorted(by: { $0.key < $1.key }) {
      guard assets.contains(name) else { return "overrides: there is no asset “\(name)”" }
      if let band = own.band, !(0...1).contains(band) {
        return "overrides.\(name).band: \(band), 0 to 1 is valid"
      }
    }
    if let minimumDays, minimumDays < 0 { return "minimum_days: \(minimumDays) is negative" }
    if let share = maximumWeight, !(0...1).contains(share) {
      return "maximum_weight: \(share), 0 to 1 is valid"
    }
    return defensive?.defect
  }
}

// MARK: - JSON

extension TradingControls: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case pause, frozen, overrides, defensive
    case killSwitch = "kill_switch"
    case minimumDays = "minimum_days"
    case maximumWeight = "maximum_weight"
  }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    killSwitch = try container.decodeIfPresent(KillSwitch.self, forKey: .killSwitch) ?? KillSwitch()
    pause = try container.decodeIfPresent(Pause.self, forKey: .pause)
    frozen = try container.decodeIfPresent([String].self, forKey: .frozen) ?? []
    overrides =
      try container.decodeIfPresent([String: AssetOverride].self, forKey: .overrides) ?? [:]
    minimumDays = try container.decodeIfPresent(Int.self, forKey: .minimumDays)
    maximumWeight = try container.decodeIfPresent(Double.self, forKey: .maximumWeight)
    defensive = try container.decodeIfPresent(DefensiveMode.self, forKey: .defensive)
  }

  /// Only what is set.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    if killSwitch.isPulled { try container.encode(killSwitch, forKey: .killSwitch) }
    try container.encodeIfPresent(pause, forKey: .pause)
    if !frozen.isEmpty { try container.encode(frozen, forKey: .frozen) }
    if !overrides.isEmpty { try container.encode(overrides, forKey: .overrides) }
    try container.encodeIfPresent(minimumDays, forKey: .minimumDays)
    try container.encodeIfPresent(maximumWeight, forKey: .maximumWeight)
    try container.encodeIfPresent(defensive, forKey: .defensive)
  }
}
