/// Numbers of which a statistic cannot be made: what was given, and what is valid.
public struct StatisticsError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  package init(_ description: String) { self.description = description }
}

/// Refuses numbers that are not finite, naming the first.
func checkFinite(_ values: some Sequence<Double>, _ name: String) throws(StatisticsError) {
  for (i, value) in values.enumerated() where !value.isFinite {
    throw StatisticsError("\(name)[\(i)] is \(value), a finite number is needed")
  }
}
