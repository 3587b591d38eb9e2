public import Foundation
import Rebalancing

/// What guards compare a request with: thresholds, the law of what was seen in training, and the rule
/// that decides where a request is like nothing seen.
///
/// Made on the paths of the training environment and shipped beside the policy, `guards.json`.
public struct GuardSettings: Sendable, Hashable {
  /// A rule that looks at weights, targets and dates only, as `RuleCatalog.plainRule` takes it.
  public var fallback: String
  /// The assets of the policy that the guards are made for, by name; a policy for others refuses them.
  public var assets: [String]?
  /// Days from the snapshot's date to the request.
  public var maximumAgeDays = 4
  /// Days from a price to the request.
  public var maximumPriceAgeDays = 4
  /// A price above this multiple of the one before, or below its inverse, is a glitch.
  public var priceRatio = 4.0
  /// How far a log return may be below that of the prices: rounding.
  public var returnTolerance = 0.0002
  /// How far it may be above that of the prices: a dividend.
  public var largestDividend = 0.05
  /// Whether a request without prices is refused.
  public var requiresPrices = false
  /// No asset is bought beyond this weight.
  public var maximumWeight = 1.0
  /// Days that must lie between two trades, unless the decision is immediate.
  public var minimumDays = 0
  /// Absent where nothing is known of the training.
  public var outOfDistribution: OutOfDistribution?

  public init(fallback: String, outOfDistribution: OutOfDistribution? = nil) {
    self.fallback = fallback
    self.outOfDistribution = outOfDistribution
  }

  /// What is wrong with the thresholds, naming the field.
  var defect: String? {
    if maximumAgeDays < 0 { return "maximum_age_days: \(maximumAgeDays) is negative" }
    if maximumPriceAgeDays < 0 {
      return "maximum_price_age_days: \(maximumPriceAgeDays) is negative"
    }
    if minimumDays < 0 { return "minimum_days: \(minimumDays) is negative" }
    guard priceRatio > 1, priceRatio.isFinite else {
      return "price_ratio: \(priceRatio), more than 1 is valid"
    }
    for (field, number) in [
      ("return_tolerance", returnTolerance), ("largest_dividend", largestDividend),
    ] where !(number > 0 && number.isFinite) {
      return "\(field): \(number), more than 0 is valid"
    }
    guard (0...1).contains(maximumWeight) else {
      return "maximum_weight: \(maximumWeight), 0 to 1 is valid"
    }
    return outOfDistribution?.defect.map { "out_of_distribution.\($0)" }
  }
}

extension GuardSettings: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case fallback, assets
    case maximumAgeDays = "maximum_age_days"
    case maximumPriceAgeDays = "maximum_price_age_days"
    case priceRatio = "price_ratio"
    case returnTolerance = "return_tolerance"
    case largestDividend = "largest_dividend"
    case requiresPrices = "requires_prices"
    case maximumWeight = "maximum_weight"
    case minimumDays = "minimum_days"
    case outOfDistribution = "out_of_distribution"
  }

  /// Every field must be there but the two that may be absent, and no other.
  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    fallback = try container.decode(String.self, forKey: .fallback)
    assets = try container.decodeIfPresent([String].self, forKey: .assets)
    maximumAgeDays = try container.decode(Int.self, forKey: .maximumAgeDays)
    maximumPriceAgeDays = try container.decode(Int.self, forKey: .maximumPriceAgeDays)
    priceRatio = try container.decode(Double.self, forKey: .priceRatio)
    returnTolerance = try container.decode(Double.self, forKey: .returnTolerance)
    largestDividend = try container.decode(Double.self, forKey: .largestDividend)
    requiresPrices = try container.decode(Bool.self, forKey: .requiresPrices)
    maximumWeight = try container.decode(Double.self, forKey: .maximumWeight)
    minimumDays = try container.decode(Int.self, forKey: .minimumDays)
    outOfDistribution = try container.decodeIfPresent(
      OutOfDistribution.self, forKey: .outOfDistribution)
    if let defect { throw decoder.complaint(defect) }
  }
}

extension GuardSettings {
  /// The file `guards.json`.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}
