import Algebra
import Testing

@Suite struct ParallelTests {
  @Test(arguments: [1, 2, 5], [0, 1, 4, 1_001])
  func `every element is visited once, with its own index`(_ workers: Int, _ count: Int) {
    var visits = [[Int]](repeating: [], count: count)
    forEachConcurrently(in: &visits, workers: workers) { index, visited in visited.append(index) }
    #expect(visits == (0..<count).map { [$0] })
  }

  @Test func `the number of workers does not change the result`() {
    func walk(workers: Int) -> [Double] {
      var values = (0..<100).map(Double.init)
      forEachConcurrently(in: &values, workers: workers) { index, value in
        for _ in 0..<1_000 {
          value = (value * 1.1 + Double(index)).truncatingRemainder(dividingBy: 7)
        }
      }
      return values
    }
    #expect(walk(workers: 1) == walk(workers: 2))
    #expect(walk(workers: 1) == walk(workers: 5))
  }
}
