import Ledgers
import Testing

/// A trade that must be refused, and why.
struct Refusal: Sendable, CustomTestStringConvertible {
  let fill: Fill
  var date = "2023-06-01"
  let problem: LedgerError.Problem
  let says: String
  var testDescription: String { says }
}

private let refusals = [
  Refusal(
    fill: Fill(.sell(.fifo), units: 31, of: "A", at: 10, in: taxable),
    problem: .exceedsHolding(account: "broker", asset: "A", asked: 31, held: 30),
    says: "31.0 units of 'A' are sold where account 'broker' holds 30.0"),
  Refusal(
    fill: Fill(.sell(.fifo), units: 1, of: "B", at: 10, in: taxable),
    problem: .exceedsHolding(account: "broker", asset: "B", asked: 1, held: 0),
    says: "where account 'broker' holds 0.0"),
  Refusal(
    fill: Fill(.sell(.fifo), units: 1, of: "A", at: 10, in: other),
    problem: .exceedsHolding(account: "other", asset: "A", asked: 1, held: 0),
    says: "where account 'other' holds 0.0"),
  Refusal(
    fill: Fill(.sell(.specific(lot: 2)), units: 21, of: "A", at: 10, in: taxable),
    problem: .exceedsLot(2, account: "broker", asset: "A", asked: 21, held: 20),
    says: "21.0 units of lot 2 are sold where account 'broker' holds 20.0 of 'A' in it"),
  Refusal(
    fill: Fill(.sell(.specific(lot: 3)), units: 1, of: "A", at: 10, in: taxable),
    problem: .unknownLot(3, account: "broker", asset: "A", held: [1, 2]),
    says: "account 'broker' holds no lot 3 of 'A'; it holds 1, 2"),
  Refusal(
    fill: Fill(.buy, units: -1, of: "A", at: 10, in: taxable), problem: .invalidUnits(-1),
    says: "-1.0 units; a finite number above 0 is needed"),
  Refusal(
    fill: Fill(.buy, units: 0, of: "A", at: 10, in: taxable), problem: .invalidUnits(0),
    says: "0.0 units; a finite number above 0 is needed"),
  Refusal(
    fill: Fill(.buy, units: .infinity, of: "A", at: 10, in: taxable),
    problem: .invalidUnits(.infinity), says: "inf units"),
  Refusal(
    fill: Fill(.buy, units: 1, of: "A", at: -10, in: taxable), problem: .invalidPrice(-10),
    says: "a price of -10.0; a finite number of at least 0 is needed"),
  Refusal(
    fill: Fill(.buy, units: 1, of: "A", at: 10, fee: -1, in: taxable), problem: .invalidFee(-1),
    says: "a fee of -1.0; a finite number of at least 0 is needed"),
  Refusal(
    fill: Fill(.buy, units: 1e200, of: "A", at: 1e200, in: taxable),
    problem: .tooLarge(.infinity), says: "an amount of inf is above 1e+100"),
  Refusal(
    fill: Fill(.buy, units: 1e101, of: "A", at: 0, in: taxable), problem: .tooLarge(1e101),
    says: "an amount of 1e+101 is above 1e+100, the largest that is valid"),
  Refusal(
    fill: Fill(.buy, units: 1, of: "A", at: 10, in: Account("broker", .ira)),
    problem: .otherKind(account: "broker", .ira, before: .taxable),
    says: "account 'broker' is ira here and was taxable before"),
]

@Suite struct LedgerErrorTests {
  private func ledger() throws -> Ledger {
    var ledger = Ledger()
    try ledger.buy(10, for: 100, on: "2023-01-04")
    try ledger.buy(20, for: 300, on: "2023-05-20")
    return ledger
  }

  @Test(arguments: refusals)
  func `refuses a trade, says why and stays as it was`(_ refusal: Refusal) throws {
    var ledger = try ledger()
    let before = ledger
    let valid = [
      Fill(.buy, units: 5, of: "C", at: 10, in: other),
      Fill(.sell(.fifo), units: 5, of: "C", at: 10, in: other),
    ]
    let error = #expect(throws: LedgerError.self) {
      try ledger.trade(valid + [refusal.fill], on: day(refusal.date))
    }
    #expect(error?.problem == refusal.problem)
    #expect(error?.fill == 2)
    #expect(error?.description.contains(refusal.says) == true, "\(String(describing: error))")
    #expect(ledger == before)
  }

  @Test func `refuses a day that is before the last one`() throws {
    var ledger = try ledger()
    let error = #expect(throws: LedgerError.self) {
      try ledger.buy(1, of: "A", at: 1, in: taxable, on: day("2023-05-19"))
    }
    #expect(
      error?.description == "2023-05-19 is before 2023-05-20, the last day of the ledger; "
        + "dates must not decrease")
    #expect(ledger.lots.count == 2)
  }

  @Test func `counts what is named and what is not against the same holding`() throws {
    var ledger = try ledger()
    let error = #expect(throws: LedgerError.self) {
      try ledger.trade(
        [
          Fill(.sell(.fifo), units: 15, of: "A", at: 10, in: taxable),
          Fill(.sell(.specific(lot: 2)), units: 16, of: "A", at: 10, in: taxable),
        ], on: day("2023-06-01"))
    }
    #expect(
      error?.problem == .exceedsHolding(account: "broker", asset: "A", asked: 15, held: 14))
    #expect(ledger.realized.isEmpty)
  }

  @Test func `counts all sales of a day that name a lot against it`() throws {
    var ledger = try ledger()
    let sale = Fill(.sell(.specific(lot: 2)), units: 12, of: "A", at: 10, in: taxable)
    let error = #expect(throws: LedgerError.self) {
      try ledger.trade([sale, sale], on: day("2023-06-01"))
    }
    #expect(
      error?.problem == .exceedsLot(2, account: "broker", asset: "A", asked: 12, held: 8))
    #expect(ledger.realized.isEmpty)
  }

  @Test(arguments: [-1, .nan, .infinity])
  func `refuses a dividend that is no amount`(amount: Double) throws {
    var ledger = try ledger()
    #expect(throws: LedgerError.self) {
      try ledger.receive(qualifiedDividend: amount, in: taxable, on: day("2023-06-01"))
    }
    #expect(ledger.years.isEmpty)
  }
}
