public import Algebra

/// What a modelled return is.
public enum ReturnKind: String, Sendable, Hashable, CaseIterable, Codable {
  /// log(price after / price before).
  case log
  /// price after / price before − 1, at least 2⁻²⁰ − 1: no price becomes 0 or less.
  case simple

  /// Turns the returns that stand at places `first` ..< `first + count` of `logReturns` into gross
  /// returns and their logarithms.
  @inlinable func finish<L: Lanes>(
    growth: inout MutableSpan<L>, logReturns: inout MutableSpan<L>, at first: Int, count: Int
  ) {
    switch self {
    case .log:
      for i in first..<first + count { growth[i] = L.exp(logReturns[i]) }
    case .simple:
      for i in first..<first + count {
        growth[i] = L.larger(L(repeating: 0x1p-20), L(repeating: 1) + logReturns[i])
        logReturns[i] = L.log(growth[i])
      }
    }
  }
}
