/// Why a decision is what it is, or why a request is refused: for machines, logs and counters.
///
/// The words for people stand beside it, in `TriggerDecision.reasons`.
public enum ReasonCode: String, Sendable, Hashable, Codable, CaseIterable {
  /// The request is refused, whatever else is said.
  case invalidInput = "invalid_input"
  /// A field is missing, of the wrong size or range, or not for this policy.
  case schema
  /// A number is NaN or infinite.
  case notFinite = "not_finite"
  /// The snapshot or a price is older than is allowed.
  case stale
  /// A price is missing, zero or negative.
  case missingPrice = "missing_price"
  /// A price is a multiple of the one before.
  case priceGlitch = "price_glitch"
  /// Two fields say different things about one number.
  case inconsistent
  /// The kill switch is pulled.
  case killSwitch = "kill_switch"
  /// Trading is paused.
  case pause
  /// The request is like nothing that the policy was trained on.
  case outOfDistribution = "out_of_distribution"
  /// A fallback rule has decided.
  case fallback
  /// Only large deviations are traded, and in part.
  case defensive
  /// The last trade was too few days ago.
  case minimumDays = "minimum_days"
  /// An asset is not traded.
  case frozen
  /// An asset follows rules of its own.
  case override
  /// An asset's weight is, or would be, above the limit.
  case concentration
}
