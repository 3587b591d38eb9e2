public import Algebra

/// Which random path, and where on it: one entry per lane.
public struct MarketPath<L: Lanes>: Sendable {
  /// Seed of all paths.
  public var source: RandomSource
  /// The copy of the environment.
  public var copy: L.Words
  /// The episode of the copy, counted from 0.
  public var episode: L.Words
  /// The step of the episode, counted from 0.
  public var step: L.Words

  @inlinable public init(
    source: RandomSource, copy: L.Words, episode: L.Words, step: L.Words
  ) {
    self.source = source
    self.copy = copy
    self.episode = episode
    self.step = step
  }

  /// Writes independent standard normals for this step to places `first` ..< `first + count`.
  @inlinable @inline(__always) func drawNormals(
    count: Int, into normals: inout MutableSpan<L>, at first: Int
  ) {
    for draw in 0..<(count + 3) / 4 {
      let (a, b, c, d): (L, L, L, L) = source.normals(
        .market, copy: copy, episode: episode, step: step, draw: draw)
      let place = first + 4 * draw
      let left = count - 4 * draw
      normals[place] = a
      if left > 1 { normals[place + 1] = b }
      if left > 2 { normals[place + 2] = c }
      if left > 3 { normals[place + 3] = d }
    }
  }

  /// Four words for this step from the draws that `count` normals leave free.
  @inlinable func drawWords(
    _ draw: Int = 0, afterNormals count: Int
  ) -> (L.Words, L.Words, L.Words, L.Words) {
    source.words(
      .market, copy: copy, episode: episode, step: step, draw: (count + 3) / 4 + draw)
  }
}

/// Time in synthetic markets: step k is on `start` + ⌊365.2425 k / stepsPerYear⌋.
public struct StepClock: Sendable, Hashable {
  /// The date of step 0.
  public let start: CalendarDate
  /// Decisions per year: 252 daily, 52 weekly, 12 monthly.
  public let stepsPerYear: Double

  public init(start: CalendarDate, stepsPerYear: Double) {
    self.start = start
    self.stepsPerYear = stepsPerYear
  }

  /// The date of one step.
  public func date(step: Int) -> CalendarDate {
    start.adding(days: Int((365.2425 * Double(step) / stepsPerYear).rounded(.down)))
  }
}
