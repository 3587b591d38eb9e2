/// Stops all trading until it is released on purpose.
///
/// It latches: pulling it again changes nothing, no time runs it out, and the only way back is
/// `release`, which asks for a name and a reason and returns the record of it.
public struct KillSwitch: Sendable, Hashable {
  /// The act that pulled it first; `nil` while trading is allowed.
  public private(set) var pulled: ControlAct?

  /// A switch that is not pulled.
  public init() {}

  public var isPulled: Bool { pulled != nil }

  /// Stops trading; the first act stays where it is pulled already.
  public mutating func pull(_ act: ControlAct) { pulled = pulled ?? act }

  /// Allows trading again.
  ///
  /// - Throws: where it is not pulled, or the release lies before that.
  public mutating func release(_ act: ControlAct) throws(ControlError) -> Release {
    guard let pulled else { throw ControlError("kill_switch: not pulled, nothing to release") }
    guard act.at.end > pulled.at.seconds else {
      throw ControlError("kill_switch: pulled at \(pulled.at), after its release at \(act.at)")
    }
    self.pulled = nil
    return Release(pulled: pulled, released: act)
  }

  /// The record of a release.
  public struct Release: Sendable, Hashable, Codable {
    public let pulled: ControlAct
    public let released: ControlAct
  }
}

/// The act that pulled it; null where it is not pulled.
extension KillSwitch: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    pulled = container.decodeNil() ? nil : try container.decode(ControlAct.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let pulled { try container.encode(pulled) } else { try container.encodeNil() }
  }
}
