import Algebra
import Markets
package import Rebalancing

/// The guards before any inference: what a request must be, and whether it is like the training.
struct GuardedInput: Sendable {
  let settings: GuardSettings
  /// The policy's, in order.
  private let assets: [String]
  private let needs: TriggerNeeds
  /// What the policy sees; then weights, and last returns where guards were told of those, where it does
  /// not see them.
  private let withReturns: ObservationBuilder
  /// The same, for requests that bring no returns.
  private let withoutReturns: ObservationBuilder
  private let hasObservation: Bool
  private let detector: OutOfDistribution.Detector?

  init(
    _ settings: GuardSettings, needs: TriggerNeeds, observation: ObservationBuilder?,
    assets: [String]
  ) {
    self.settings = settings
    self.assets = assets
    self.needs = needs
    hasObservation = observation != nil
    let own = observation ?? ObservationBuilder(features: [], assetCount: assets.count)
    withoutReturns = own.forGuards(withReturns: false)
    let knowsReturns =
      settings.outOfDistribution.map { $0.columns.map(\.name) }
      != withoutReturns.columns.map(\.name)
    withReturns = own.forGuards(withReturns: knowsReturns)
    detector = settings.outOfDistribution.map(OutOfDistribution.Detector.init)
  }

  /// What is looked at, in order.
  var columnNames: [String] { withReturns.columns.map(\.name) }

  /// What guards know about a request before any inference.
  struct Reading {
    /// Why it is refused.
    var refusal: Refusal?
    /// What of it is like nothing seen.
    var finding: String?
    /// What the policy sees, and after it what guards look at besides.
    var numbers: [Float] = []
  }

  func read(_ snapshot: PortfolioSnapshot) -> Reading {
    if let defect = snapshot.defect {
      return Reading(
        refusal: Refusal(code: snapshot.isFinite ? .schema : .notFinite, description: defect))
    }
    if let refusal = snapshot.refusal(for: assets) {
      return Reading(refusal: Refusal(code: .schema, description: refusal))
    }
    if let refusal = old(snapshot) ?? quotes(snapshot) { return Reading(refusal: refusal) }
    if !hasObservation, let refusal = rule(snapshot) { return Reading(refusal: refusal) }
    guard detector != nil || hasObservation else { return Reading() }
    do throws(ObservationBuilder.MissingField) {
      let builder = snapshot.lastLogReturns == nil ? withoutReturns : withReturns
      let numbers = try builder.observe(snapshot)
      guard numbers.allSatisfy(\.isFinite) else {
        return Reading(
          refusal: Refusal(
            code: .notFinite, description: "a number of the observation is not finite"))
      }
      return Reading(finding: detector?.finding(numbers), numbers: numbers)
    } catch { return Reading(refusal: Refusal(code: .schema, description: error.description)) }
  }

  /// What a rule needs and does not find.
  private func rule(_ snapshot: PortfolioSnapshot) -> Refusal? {
    do throws(RuledPortfolio.Defect) {
      _ = try RuledPortfolio(snapshot, for: needs)
      return nil
    } catch { return Refusal(code: .schema, description: error.description) }
  }

  private func old(_ snapshot: PortfolioSnapshot) -> Refusal? {
    let today = snapshot.requestedOn?.day ?? snapshot.date
    let age = today.days(since: snapshot.date)
    if age > settings.maximumAgeDays {
      return Refusal(
        code: .stale,
        description: "date: \(snapshot.date) is \(age) days before \(today), at most "
          + "\(settings.maximumAgeDays) are valid")
    }
    guard let dates = snapshot.priceDates,
      let i = dates.firstIndex(where: { today.days(since: $0) > settings.maximumPriceAgeDays })
    else { return nil }
    return Refusal(
      code: .stale,
      description: "price_dates[\(i)] (\(snapshot.assets[i])): \(dates[i]) is more than "
        + "\(settings.maximumPriceAgeDays) days before \(today)")
  }

  private func quotes(_ snapshot: PortfolioSnapshot) -> Refusal? {
    guard let prices = snapshot.prices else {
      guard settings.requiresPrices else { return nil }
      return Refusal(code: .missingPrice, description: "prices: missing")
    }
    if let i = prices.firstIndex(where: { $0 <= 0 }) {
      return Refusal(
        code: .missingPrice,
        description: "prices[\(i)] (\(snapshot.assets[i])): \(prices[i]) is no price")
    }
    guard let before = snapshot.previousPrices else { return nil }
    for i in prices.indices {
      guard before[i] > 0 else {
        return Refusal(
          code: .missingPrice,
          description: "previous_prices[\(i)] (\(snapshot.assets[i])): \(before[i]) is no price")
      }
      let ratio = prices[i] / before[i]
      if ratio > settings.priceRatio || ratio * settings.priceRatio < 1 {
        return Refusal(
          code: .priceGlitch,
          description:
            "prices[\(i)] (\(snapshot.assets[i])): \(prices[i]) is \(ratio) times the one "
            + "before, \(before[i])")
      }
      guard let given = snapshot.lastLogReturns?[i] else { continue }
      let change = Double.log(ratio)
      let paid = given - change
      if paid < -settings.returnTolerance || paid > settings.largestDividend {
        return Refusal(
          code: .inconsistent,
          description: "last_log_returns[\(i)] (\(snapshot.assets[i])): \(given), the prices "
            + "say \(change)")
      }
    }
    return nil
  }
}

extension ObservationBuilder {
  /// What guards look at: all that is observed, then weights and last returns where they are not.
  package func forGuards(withReturns: Bool) -> ObservationBuilder {
    var features = features
    if !features.contains(.weightDeviation) { features.append(.weightDeviation) }
    if withReturns, !features.contains(.lastLogReturn) { features.append(.lastLogReturn) }
    return ObservationBuilder(features: features, assetCount: assetCount, regimeCount: regimeCount)
  }
}
