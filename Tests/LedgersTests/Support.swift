import Ledgers
import Testing

let taxable = Account("broker")
let other = Account("other")
let ira = Account("retirement", .ira)

/// The day of a text that is known to be one.
func day(_ iso: String) throws -> Day { try #require(Day(iso: iso)) }

extension Ledger {
  /// Buys for an amount in all.
  mutating func buy(
    _ units: Double, for total: Double, on iso: String, of asset: String = "A",
    in account: Account = taxable
  ) throws {
    try buy(units, of: asset, at: total / units, in: account, on: day(iso))
  }

  /// Sells for an amount in all.
  @discardableResult
  mutating func sell(
    _ units: Double, for total: Double, on iso: String, of asset: String = "A",
    in account: Account = taxable, selection: LotSelection = .fifo
  ) throws -> [RealizedSale] {
    Array(
      try sell(
        units, of: asset, at: total / units, in: account, on: day(iso), selection: selection))
  }

  /// The basis of each lot held, in order of purchase.
  var bases: [Double] { lots.map(\.basis) }
}

/// Numbers that are the same on every run: SplitMix64.
struct Dice: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
