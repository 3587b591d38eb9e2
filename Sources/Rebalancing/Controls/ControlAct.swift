/// What somebody does to trading by hand: when, who, and why.
public struct ControlAct: Sendable, Hashable {
  public let at: UTCTime
  public let by: String
  public let reason: String

  /// - Throws: where there is no name or no reason.
  public init(at: UTCTime, by: String, reason: String) throws(ControlError) {
    (self.at, self.by, self.reason) = (at, by, reason)
    if let problem { throw ControlError(problem) }
  }

  private var problem: String? {
    for (field, text) in [("by", by), ("reason", reason)]
    where text.allSatisfy(\.isWhitespace) {
      return "\(field): empty, a name and a reason are needed"
    }
    return nil
  }
}

/// A change of the controls that is refused; nothing has changed.
public struct ControlError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  init(_ description: String) { self.description = description }
}

extension ControlAct: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case at, by, reason }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    at = try container.decode(UTCTime.self, forKey: .at)
    by = try container.decode(String.self, forKey: .by)
    reason = try container.decode(String.self, forKey: .reason)
    if let problem { throw decoder.complaint(problem) }
  }
}
