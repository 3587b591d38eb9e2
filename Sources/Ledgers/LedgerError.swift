/// Why a ledger refuses a trade; it is then as it was before.
public struct LedgerError: Error, Hashable, Sendable {
  /// The trade among those that were given together, counted from 0.
  public let fill: Int
  /// The reason.
  public let problem: Problem

  init(fill: Int = 0, _ problem: Problem) {
    self.fill = fill
    self.problem = problem
  }

  /// The reasons.
  public enum Problem: Hashable, Sendable {
    /// The day is before the last one of the ledger.
    case decreasingDays(Day, after: Day)
    /// Units must be a finite number above 0.
    case invalidUnits(Double)
    /// A price must be a finite number of at least 0.
    case invalidPrice(Double)
    /// A fee must be a finite number of at least 0.
    case invalidFee(Double)
    /// Units, a price, a fee or an amount is above `Ledger.largestAmount`.
    case tooLarge(Double)
    /// A dividend must be a finite number of at least 0.
    case invalidDividend(Double)
    /// An account was of another kind before.
    case otherKind(account: String, Account.Kind, before: Account.Kind)
    /// More is sold than is held.
    case exceedsHolding(account: String, asset: String, asked: Double, held: Double)
    /// More of a lot is sold than is held.
    case exceedsLot(Int, account: String, asset: String, asked: Double, held: Double)
    /// No lot of this id, account and asset is held.
    case unknownLot(Int, account: String, asset: String, held: [Int])
  }
}

extension LedgerError: CustomStringConvertible {
  public var description: String { problem.description }
}

extension LedgerError.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .decreasingDays(let day, let last):
      "\(day) is before \(last), the last day of the ledger; dates must not decrease"
    case .invalidUnits(let units): "\(units) units; a finite number above 0 is needed"
    case .invalidPrice(let price): "a price of \(price); a finite number of at least 0 is needed"
    case .invalidFee(let fee): "a fee of \(fee); a finite number of at least 0 is needed"
    case .tooLarge(let amount):
      "an amount of \(amount) is above \(Ledger.largestAmount), the largest that is valid"
    case .invalidDividend(let amount):
      "a dividend of \(amount); a finite number of at least 0 is needed"
    case .otherKind(let account, let kind, let before):
      "account '\(account)' is \(kind.rawValue) here and was \(before.rawValue) before"
    case .exceedsHolding(let account, let asset, let asked, let held):
      "\(asked) units of '\(asset)' are sold where account '\(account)' holds \(held)"
    case .exceedsLot(let lot, let account, let asset, let asked, let held):
      "\(asked) units of lot \(lot) are sold where account '\(account)' holds \(held) of '\(asset)' in it"
    case .unknownLot(let lot, let account, let asset, let held):
      "account '\(account)' holds no lot \(lot) of '\(asset)'; "
        + (held.isEmpty
          ? "it holds none" : "it holds \(held.map(String.init).joined(separator: ", "))")
    }
  }
}
