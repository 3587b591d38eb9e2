import Experiments
import Testing

@Suite struct ProgressTests {
  static func line(
    title: String = "ppo-1", steps: Int = 430_000, speed: Double = 1_048_576, seconds: Double = 83,
    score: Double? = -0.71234, arrow: String = "↑"
  ) -> ProgressLine {
    ProgressLine(
      title: title, steps: steps, totalSteps: 1_000_000, stepsPerSecond: speed, seconds: seconds,
      scoreName: "reward", score: score, arrow: arrow)
  }

  @Test func `shows a bar, the speed, the time left, the score and its trend`() {
    #expect(
      Self.line().terminal
        == "ppo-1  ████████············  43 %  1.05 M steps/s  83 s left  reward -0.7123 ↑")
  }

  @Test func `says the same for a file in words`() {
    #expect(
      Self.line(seconds: 5000, score: nil).plain
        == "ppo-1: step 430000 of 1000000, 43 %, 1.05 M steps/s, 83 min 20 s left")
    #expect(
      Self.line(steps: 1_000_000, speed: 12_345, seconds: 7300, arrow: "").plain
        == "ppo-1: step 1000000 of 1000000, 100 %, 12 k steps/s, 2 h 1 min in all, reward -0.7123")
  }

  @Test(arguments: [0, 1, 499_999, 1_000_000, 2_000_000])
  func `fits 80 columns whatever happens`(steps: Int) {
    for title in ["", "a", String(repeating: "long", count: 30)] {
      for speed in [0, 0.3, 999, 5e5, 1e9, 1e300] {
        for seconds in [0, 99, 5999, 350_000, 9.9e7, 1e300, .infinity, .nan] {
          for score in [nil, 0, -0.000_012_3, 0.1, -1234.5, 1e7, -1.5e300, .nan] {
            let text = Self.line(
              title: title, steps: steps, speed: speed, seconds: seconds, score: score
            ).terminal
            #expect(text.count < 80, "\(text)")
            #expect(text.contains(" %  "), "\(text)")
          }
        }
      }
    }
  }

  @Test func `a trend is told from noise`() {
    let noise = [0.3, -0.4, 0.1, 0.2, -0.3, 0.4, -0.1, -0.2]
    for (slope, arrow) in [(1.0, "↑"), (-1.0, "↓"), (0.01, "→"), (0, "→")] {
      var trend = ScoreTrend(window: 8)
      for (i, value) in noise.enumerated() { trend.add(slope * Double(i) + value, at: i * 10) }
      #expect(trend.arrow == arrow, "\(slope)")
      #expect(trend.score == slope * 7 - 0.2)
    }
  }

  @Test func `a trend forgets, and says nothing of three points`() {
    var trend = ScoreTrend(window: 4)
    #expect(trend.score == nil)
    for i in 0..<3 { trend.add(Double(-i), at: i) }
    #expect(trend.arrow == "")
    for i in 3..<9 { trend.add(Double(i), at: i) }
    #expect(trend.arrow == "↑")
  }

  @Test func `points are means over their span`() {
    var trend = ScoreTrend(window: 8, span: 100)
    trend.add(1, at: 40)
    trend.add(2, at: 80)
    #expect(trend.score == 1.5)
    trend.add(6, at: 120)
    #expect(trend.score == 3)
    trend.add(100, at: 160)
    #expect(trend.score == 3)
  }
}
