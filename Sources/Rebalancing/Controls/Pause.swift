/// No trading for a while, at most 72 hours from each act; it expires by itself.
///
/// It cannot be made longer in passing: an extension is an act of its own, with a reason of its own,
/// and the acts before it stay on record.
public struct Pause: Sendable, Hashable {
  /// From when to when, by whom and why.
  public struct Act: Sendable, Hashable {
    public let from: UTCTime
    /// The first moment after it.
    public let until: UTCTime
    public let by: String
    public let reason: String
  }

  /// In the order of time; the last one is in force.
  public let acts: [Act]

  /// Hours that one act may last.
  public static let longestHours = 72

  /// - Throws: where it is longer than 72 hours or not at all, or without name or reason.
  public init(from: UTCTime, until: UTCTime, by: String, reason: String) throws(ControlError) {
    try self.init(acts: [Act(from: from, until: until, by: by, reason: reason)])
  }

  private init(acts: [Act]) throws(ControlError) {
    self.acts = acts
    if let problem { throw ControlError(problem) }
  }

  private var problem: String? {
    for act in acts {
      if let problem = act.problem { return problem }
    }
    for (before, after) in zip(acts, acts.dropFirst()) {
      guard after.from.seconds >= before.from.seconds, after.from.seconds < before.until.seconds
      else { return "from: \(after.from) is not within the pause that it extends" }
      guard after.until.seconds > before.until.seconds else {
        return "until: \(after.until) extends nothing, \(before.until) is given already"
      }
      guard after.reason != before.reason else {
        return "reason: an extension needs one of its own"
      }
    }
    return nil
  }

  /// The same pause with a further act, which may last 72 hours from its own beginning.
  ///
  /// - Throws: where the pause is over by then, does not become longer, or has no new reason.
  public func extended(
    from: UTCTime, until: UTCTime, by: String, reason: String
  ) throws(ControlError) -> Pause {
    try Pause(acts: acts + [Act(from: from, until: until, by: by, reason: reason)])
  }

  /// Whether any part of a time lies in it: of a day that is given without an hour, any hour.
  public func isInForce(at time: UTCTime) -> Bool {
    guard let first = acts.first, let last = acts.last else { return false }
    return first.from.seconds < time.end && time.seconds < last.until.seconds
  }
}

/// The act in force; those before it in `extends`.
extension Pause: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case from, until, by, reason, extends }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let before = try container.decodeIfPresent([Act].self, forKey: .extends) ?? []
    let act = Act(
      from: try container.decode(UTCTime.self, forKey: .from),
      until: try container.decode(UTCTime.self, forKey: .until),
      by: try container.decode(String.self, forKey: .by),
      reason: try container.decode(String.self, forKey: .reason))
    acts = before + [act]
    if let problem { throw decoder.complaint(problem) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    guard let act = acts.last else { return }
    try container.encode(act.from, forKey: .from)
    try container.encode(act.until, forKey: .until)
    try container.encode(act.by, forKey: .by)
    try container.encode(act.reason, forKey: .reason)
    if acts.count > 1 { try container.encode(Array(acts.dropLast()), forKey: .extends) }
  }
}

extension Pause.Act {
  fileprivate var problem: String? {
    if by.allSatisfy(\.isWhitespace) { return "by: empty, a name is needed" }
    if reason.allSatisfy(\.isWhitespace) { return "reason: empty, a reason is needed" }
    guard until.seconds > from.seconds else { return "until: \(until) is not after \(from)" }
    guard until.seconds - from.seconds <= Pause.longestHours * 3600 else {
      return "until: \(until) is more than \(Pause.longestHours) hours after \(from)"
    }
    return nil
  }
}

extension Pause.Act: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case from, until, by, reason }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    from = try container.decode(UTCTime.self, forKey: .from)
    until = try container.decode(UTCTime.self, forKey: .until)
    by = try container.decode(String.self, forKey: .by)
    reason = try container.decode(String.self, forKey: .reason)
  }
}
