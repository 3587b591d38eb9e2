import Algebra
import Markets
package import Rebalancing

/// What goes wrong with requests in practice.
package enum RequestFault: String, Sendable, CaseIterable, Encodable {
  /// Target weights in percent.
  case percentTargets = "target_weights in percent"
  /// Returns in percent.
  case percentReturns = "last_log_returns × 100"
  case percentFacts = "facts × 100"
  case percentBasis = "basis × 100"
  /// The values of two assets change places in one field, where they differ by more than 5 bp: of
  /// value, of the price, or of return.
  case swappedHoldings = "holdings of two assets swapped"
  case swappedReturns = "last_log_returns of two assets swapped"
  case swappedPrices = "prices of two assets swapped"
  /// One price is tenfold, and what follows from it.
  case tenfoldPrint = "a 10 × print"
  /// Asked about 30 days later.
  case old = "a snapshot 30 days old"

  /// A request with the fault; `nil` where it would change nothing that can be seen.
  ///
  /// - Parameter draw: a number in 0 ..< 1 that chooses assets.
  package func applied(to request: PortfolioSnapshot, draw: Double) -> PortfolioSnapshot? {
    let count = request.assets.count
    let first = min(Int(draw * Double(count)), count - 1)
    let pair = (first, (first + 1 + Int(draw * 7919) % (count - 1)) % count)
    var faulty = request
    switch self {
    case .percentTargets: faulty.targets = request.targets.map { $0 * 100 }
    case .percentReturns: faulty.lastLogReturns = request.lastLogReturns?.map { $0 * 100 }
    case .percentFacts: faulty.facts = request.facts?.mapValues { $0.map { $0 * 100 } }
    case .percentBasis: faulty.basis = request.basis?.map { $0 * 100 }
    case .swappedHoldings: faulty.holdings.swap(pair, beyond: request.value)
    case .swappedReturns: faulty.lastLogReturns?.swap(pair, beyond: 1)
    case .swappedPrices: faulty.prices?.swap(pair, beyond: request.prices?[first] ?? 1)
    case .tenfoldPrint:
      faulty.holdings[first] *= 10
      faulty.prices?[first] *= 10
      faulty.lastLogReturns?[first] += Double.log(10)
    case .old: faulty.requestedOn = UTCTime(request.date.adding(days: 30))
    }
    return faulty == request ? nil : faulty
  }
}

extension [Double] {
  /// Lets two numbers change places where they differ by more than 5 bp of a unit.
  fileprivate mutating func swap(_ pair: (Int, Int), beyond unit: Double) {
    if abs(self[pair.0] - self[pair.1]) > 5e-4 * unit { swapAt(pair.0, pair.1) }
  }
}
