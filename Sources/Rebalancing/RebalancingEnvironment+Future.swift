import Algebra
import Markets

extension RebalancingEnvironment {
  /// The same past with another future: all that is drawn from here on is drawn with another seed.
  ///
  /// Of data that is replayed nothing is drawn: the future stays; see
  /// `HistoricalMarket.withOtherFuture(after:)`.
  public func withOtherFuture(seed: UInt64) -> Self {
    guard task.market.dates == nil else { return self }
    var other = self
    other.source = RandomSource(seed: seed)
    return other
  }

  /// The day of the data, counted from its first, on which the next decision is made; `nil` on models.
  public var dataDay: Int? {
    guard case .historical(let market) = task.market else { return nil }
    return market.firstDay(source, copy: copy, episode: episode) + step
  }
}
