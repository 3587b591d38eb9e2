import ArgumentParser

/// Numbers between commas, as an option takes them.
struct NumberList: ExpressibleByArgument {
  let numbers: [Double]

  init(_ numbers: [Double]) { self.numbers = numbers }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.map { Double($0.filter { $0 != " " }) }
    guard !numbers.contains(nil) else { return nil }
    self.numbers = numbers.compactMap { $0 }
  }

  var defaultValueDescription: String { numbers.map { "\($0)" }.joined(separator: ",") }
}
