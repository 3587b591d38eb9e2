import Algebra
import Rebalancing
import Testing

@Suite struct HarvestingTests {
  private let layout = LotLayout(assets: 1, hasSubstitutes: true)

  /// A hundred shares bought at 100, and later prices of 75 and, for the substitute, 30.
  private func books(bought: String = "2024-01-02") -> LotBooks<Double> {
    var books = LotBooks<Double>(layout, .minimumTax)
    books.open(0, 100, at: 100, on: days(bought))
    return books
  }
  private let prices = SecurityPrices<Double>(asset: 75, substitute: 30)

  @Test func `the proceeds less both costs buy the substitute`() {
    var books = books()
    let harvest = books.harvest(
      HarvestingRule(), at: prices, cost: 0.001, on: days("2024-06-03"))
    #expect(harvest.sold == 7_500)
    #expect(abs(harvest.gains.short - (7_500 * 0.999 - 10_000)) < 1e-9)
    #expect(abs(harvest.bought - 7_500 * 0.999 / 1.001) < 1e-9)
    #expect(abs(harvest.sold - harvest.bought - harvest.cost) < 1e-12)
    #expect(books.lots().map(\.security) == [1])
    let basis = books.lots().reduce(0) { $0 + $1.units * $1.unitBasis }
    #expect(abs(basis - 7_500 * 0.999) < 1e-9)
    #expect(abs(books.lots()[0].units * 30 - harvest.bought) < 1e-9)
    #expect(books.book.securityInUse(0, in: books.state.span) == 1)
  }

  /// A loss of 25 % saves 8.75 % of the basis, 11.7 % of the amount, while short-term, and 5 % later.
  @Test(arguments: [
    ("2024-01-02", 0.11, true), ("2024-01-02", 0.12, false), ("2023-01-03", 0.04, true),
    ("2023-01-03", 0.06, false),
  ])
  func `a loss is harvested where its tax is worth more than the minimum`(
    bought: String, minimum: Double, isHarvested: Bool
  ) {
    var books = books(bought: bought)
    let harvest = books.harvest(
      HarvestingRule(minimumBenefit: minimum), at: prices, cost: 0, on: days("2024-06-03"))
    #expect((harvest.sold > 0) == isHarvested)
  }

  @Test(arguments: [(0.07, true), (0.08, false)])
  func `costs of both trades must be saved, too`(cost: Double, isHarvested: Bool) {
    var books = books()
    let harvest = books.harvest(
      HarvestingRule(), at: prices, cost: cost, on: days("2024-06-03"))
    #expect((harvest.sold > 0) == isHarvested)
  }

  @Test func `lots with gains stay`() {
    var books = books()
    _ = books.buy(10, at: 70, on: days("2024-03-01"))
    _ = books.harvest(HarvestingRule(), at: prices, cost: 0, on: days("2024-06-03"))
    #expect(books.lots().map(\.units) == [10, 250])
    #expect(books.lots().map(\.security) == [0, 1])
  }

  /// Of 100 units sold 60 are washed, so that 40 % of 8.75 of tax per unit is saved: 4.7 % of 75.
  @Test(arguments: [(0.04, true), (0.05, false)])
  func `units bought within 30 days take their part of the benefit`(
    minimum: Double, isHarvested: Bool
  ) {
    var books = books()
    _ = books.buy(60, at: 70, on: days("2024-05-10"))
    let harvest = books.harvest(
      HarvestingRule(minimumBenefit: minimum), at: prices, cost: 0, on: days("2024-06-03"))
    #expect((harvest.sold > 0) == isHarvested)
    #expect(harvest.gains.disallowed == (isHarvested ? 1_500 : 0))
    #expect(harvest.gains.short == (isHarvested ? -1_000 : 0))
  }

  @Test func `a substitute is held for 31 days, then harvested in turn`() {
    var books = books()
    let lower = SecurityPrices<Double>(asset: 60, substitute: 20)
    _ = books.harvest(HarvestingRule(), at: prices, cost: 0, on: days("2024-06-03"))
    let early = books.harvest(HarvestingRule(), at: lower, cost: 0, on: days("2024-07-03"))
    #expect(early.sold == 0)
    let late = books.harvest(HarvestingRule(), at: lower, cost: 0, on: days("2024-07-04"))
    #expect(late.sold == 5_000 && late.gains.short == -2_500 && late.gains.disallowed == 0)
    #expect(books.lots().map(\.security) == [0])
  }

  @Test(arguments: [(HarvestingRule.Return.stay, 1.0), (.comeBack, 0.0)])
  func `purchases come back after 31 days where the rule says so`(
    returning: HarvestingRule.Return, security: Double
  ) {
    var books = books()
    let rule = HarvestingRule(minimumBenefit: 0.02, returning: returning)
    _ = books.harvest(rule, at: prices, cost: 0, on: days("2024-06-03"))
    _ = books.harvest(rule, at: prices, cost: 0, on: days("2024-07-03"))
    #expect(books.book.securityInUse(0, in: books.state.span) == 1)
    let harvest = books.harvest(rule, at: prices, cost: 0, on: days("2024-07-04"))
    #expect(harvest.sold == 0)
    #expect(books.book.securityInUse(0, in: books.state.span) == security)
    let purchase = books.buy(5, at: 75, on: days("2024-07-04"))
    #expect(purchase.disallowed == 0)
  }

  @Test func `a sale counts the substitute by its worth`() {
    var books = books()
    _ = books.buy(10, at: 70, on: days("2024-03-01"))
    _ = books.harvest(HarvestingRule(), at: prices, cost: 0, on: days("2024-06-03"))
    // 250 units of the substitute are worth 100 of the asset; both without and with gain are sold.
    let sale = books.sell(105, at: prices, on: days("2024-06-04"))
    #expect(abs(sale.short - 25) < 1e-9)
    #expect(books.lots().map(\.units) == [5])
    let rest = books.sell(.infinity, at: prices, on: days("2024-06-04"))
    #expect(abs(rest.short - 25) < 1e-9 && books.lots().isEmpty)
  }

  @Test func `where securities alternate, lots of one security merge across the other`() {
    let layout = LotLayout(assets: 1, lotsPerAsset: 3, hasSubstitutes: true)
    var books = LotBooks<Double>(layout, .fifo)
    func prices(_ price: Double) -> SecurityPrices<Double> {
      SecurityPrices(asset: price, substitute: price / 2)
    }
    let rule = HarvestingRule()
    books.open(0, 64, at: 100, on: days("2024-01-02"))
    _ = books.buy(2, at: 150, on: days("2024-02-05"))
    _ = books.harvest(rule, at: prices(140), cost: 0, on: days("2024-03-11"))
    _ = books.buy(2, at: 100, on: days("2024-04-15"))
    _ = books.harvest(rule, at: prices(190), cost: 0, on: days("2024-05-20"))
    #expect(books.lots().map(\.security) == [0, 1, 0])
    #expect(books.lots().map(\.units) == [64, 4, 1])
    #expect(books.merges() == 0)
    _ = books.buy(3, at: 210, on: days("2024-06-24"))
    #expect(books.lots().map(\.security) == [0, 1, 0])
    #expect(books.lots().map(\.units) == [65, 4, 3])
    #expect(abs(books.lots()[0].unitBasis - 6_590 / 65) < 1e-12)
    #expect(books.merges() == 1)
  }

  @Test func `many switches leave every lot its security`() {
    var books = LotBooks<Double>(layout, .fifo)
    books.open(0, 64, at: 100, on: days("2024-01-02"))
    let rule = HarvestingRule(minimumBenefit: 0.001)
    var price = 100.0
    var value = 6_400.0
    for step in 1...24 {
      // Every second purchase finds the other security in use, until the slots do not suffice.
      price *= step % 2 == 0 ? 0.9 : 1.05
      value *= step % 2 == 0 ? 0.9 : 1.05
      let prices = SecurityPrices(asset: price, substitute: price / 2)
      let day = days("2024-01-09") + 32 * step
      let harvest = books.harvest(rule, at: prices, cost: 0, on: day)
      #expect(harvest.sold == harvest.bought)
      let inUse = books.book.securityInUse(0, in: books.state.span)
      _ = books.buy(1, at: prices.of(inUse), on: day + 1)
      value += prices.of(inUse)
      let held = books.book.liquidation(
        0, at: prices, on: books.trading(day + 1), in: books.state.span)
      #expect(abs(held.value - value) < 1e-9 * value)
    }
  }
}
