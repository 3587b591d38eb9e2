import Algebra
import Rebalancing
import Testing

@Suite struct SaleOrderTests {
  /// Four lots: old and cheap, old and dear, young and cheap, young and dear.
  private func books(_ order: SaleOrder) -> LotBooks<Double> {
    var books = LotBooks<Double>(LotLayout(assets: 1), order)
    books.open(0, 10, at: 60, on: days("2023-01-10"))
    _ = books.buy(10, at: 130, on: days("2023-02-10"))
    _ = books.buy(10, at: 70, on: days("2024-03-11"))
    _ = books.buy(10, at: 110, on: days("2024-04-10"))
    return books
  }

  @Test(arguments: [
    (SaleOrder.fifo, [0.0, 5, 10, 10]), (.lifo, [10, 10, 5, 0]), (.hifo, [10, 0, 10, 5]),
    (.minimumTax, [10, 0, 10, 5]), (.averageCost, [0, 5, 10, 10]),
  ])
  func `fifteen shares leave what the order leaves`(order: SaleOrder, left: [Double]) {
    var books = books(order)
    _ = books.sell(15, at: SecurityPrices(100), on: days("2024-06-10"))
    let kept = books.lots()
    let acquired = ["2023-01-10", "2023-02-10", "2024-03-11", "2024-04-10"].map(days)
    let units = acquired.map { date in
      kept.first { $0.acquired == Double(date) }?.units ?? 0
    }
    #expect(units == left)
  }

  @Test func `average cost is the average of all`() {
    var books = books(.averageCost)
    let gains = books.sell(8, at: SecurityPrices(100), on: days("2024-06-10"))
    #expect(abs(gains.long - 8 * 7.5) < 1e-9 && gains.short == 0)
    #expect(books.lots().allSatisfy { $0.unitBasis == 92.5 })
  }

  @Test(arguments: 1...39)
  func `minimum tax is the least of all ways to sell`(units: Int) {
    var books = books(.minimumTax)
    let gains = books.sell(Double(units), at: SecurityPrices(100), on: days("2024-06-10"))
    let perShare = [40 * 0.15, -30 * 0.15, 30 * 0.35, -10 * 0.35]
    var least = Double.infinity
    for a in 0...10 {
      for b in 0...10 {
        for c in 0...10 where (0...10).contains(units - a - b - c) {
          let counts = [a, b, c, units - a - b - c].map(Double.init)
          least = min(least, zip(counts, perShare).reduce(0) { $0 + $1.0 * $1.1 })
        }
      }
    }
    #expect(abs(gains.short * 0.35 + gains.long * 0.15 - least) < 1e-9)
  }
}
