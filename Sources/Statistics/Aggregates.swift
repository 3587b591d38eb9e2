/// The mean of the middle half: ⌊n/4⌋ scores are left out at each end, as SciPy's `trim_mean` and
/// rliable do (Agarwal et al. 2021).
///
/// - Returns: NaN for no scores.
public func interquartileMean(_ scores: [Double]) -> Double {
  let cut = scores.count / 4
  let middle = scores.sorted()[cut..<scores.count - cut]
  return middle.reduce(0, +) / Double(middle.count)
}

/// The number in the middle, or between the two there.
///
/// - Returns: NaN for no scores.
public func median(_ scores: [Double]) -> Double {
  scores.isEmpty ? .nan : quantile(0.5, of: scores.sorted())
}

/// The probability that a score of the first is larger than one of the second, ties counted half:
/// U / (n m) of Mann and Whitney.
///
/// Where less is better, as for costs, exchange the two.
///
/// - Returns: NaN where one has no scores.
public func probabilityOfImprovement(_ first: [Double], over second: [Double]) -> Double {
  let sorted = second.sorted()
  let wins = first.reduce(0) {
    let below = sorted.countOfPrefix { [score = $1] in $0 < score }
    let notAbove = sorted.countOfPrefix { [score = $1] in $0 <= score }
    return $0 + Double(below + notAbove) / 2
  }
  return wins / (Double(first.count) * Double(second.count))
}

extension ScoreTable {
  /// The mean of the middle half of all scores.
  public var interquartileMean: Double { Statistics.interquartileMean(values) }

  /// The probability that a score of this table is larger than one of another *on the same item*,
  /// ties counted half: the mean over items, each a task of Agarwal et al. (2021).
  public func probabilityOfImprovement(over other: ScoreTable) -> Double {
    precondition(items == other.items, "\(items) and \(other.items) items cannot be paired")
    let shares = (0..<items).map { item in
      Statistics.probabilityOfImprovement(
        (0..<strata).map { self[$0, item] },
        over: (0..<other.strata).map { other[$0, item] })
    }
    return shares.reduce(0, +) / Double(items)
  }
}

extension Array {
  /// How many elements fulfil a condition that holds for a prefix and for nothing after it.
  func countOfPrefix(_ condition: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
