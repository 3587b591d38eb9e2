import Algebra
import Foundation
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

  @Test func `work within work and work from several threads are done`() async {
    let sums = await withTaskGroup(of: Int.self) { group in
      for task in 0..<4 {
        group.addTask {
          var total = 0
          for round in 0..<200 {
            var outer = [[Int]](repeating: [0, 0, 0], count: 2)
            forEachConcurrently(in: &outer, workers: 2) { i, inner in
              forEachConcurrently(in: &inner, workers: 3) { j, value in
                value = task + round + i * 3 + j
              }
            }
            total += outer.joined().reduce(0, +)
          }
          return total
        }
      }
      var sums: [Int] = []
      for await sum in group { sums.append(sum) }
      return sums.sorted()
    }
    // Σ over rounds of 6 (task + round) + 15.
    #expect(sums == (0..<4).map { 200 * (6 * $0 + 15) + 6 * 19_900 })
  }

  @Test func `threads that fell asleep wake up again`() {
    var values = [0, 0]
    for round in 1...50 {
      forEachConcurrently(in: &values, workers: 2) { _, value in value += 1 }
      #expect(values == [round, round])
      if round % 10 == 0 { Thread.sleep(forTimeInterval: 0.002) }
    }
  }
}
