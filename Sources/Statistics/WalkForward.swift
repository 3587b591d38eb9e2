/// Tuning and testing on a timeline, again and again, so that every choice is made before what it is
/// tested on.
///
/// A fold is `train | gap | validation | gap | test`, the test sets follow each other without a gap
/// up to the last period, and what is too few at the beginning is left out. A gap is purge + embargo
/// periods, in no set. A `TuningSet` and a `TestSet` are made here and nowhere else, from one fold of
/// checked lengths, so none of both can overlap; and a test set is only handed out with the choice
/// that was made on the tuning set.
public struct WalkForward: Sendable, Hashable {
  /// Where training begins.
  public enum Window: String, Sendable, Hashable, CaseIterable {
    /// At the timeline's first period used, always.
    case expanding
    /// So many periods before its end in every fold.
    case rolling
  }

  /// In the order of time.
  public let folds: [Fold]

  /// - Parameters:
  ///   - count: periods of the timeline.
  ///   - train: periods of the first training set, 1 or more; of every one where the window rolls.
  ///   - validation: periods of a validation set; 0 for none.
  ///   - test: periods of a test set, 1 or more.
  ///   - purge: how many periods after its own an outcome still depends on, as the reward of an
  ///     episode that runs on: no tuning period's outcome may reach a later set.
  ///   - embargo: further periods, for what is correlated over time.
  ///   - window: where training begins.
  /// - Throws: where not even one fold fits.
  public init(
    count: Int, train: Int, validation: Int, test: Int, purge: Int = 0, embargo: Int = 0,
    window: Window = .expanding
  ) throws(StatisticsError) {
    for (name, given, least) in [
      ("train", train, 1), ("validation", validation, 0), ("test", test, 1), ("purge", purge, 0),
      ("embargo", embargo, 0),
    ] where !(least...1_000_000_000).contains(given) {
      throw StatisticsError("\(name) is \(given), \(least) to 1000000000 periods are valid")
    }
    let gap = purge + embargo
    let lead = train + (validation > 0 ? gap + validation : 0) + gap
    guard lead + test <= count else {
      throw StatisticsError(
        "a timeline of \(count) periods is given, one fold takes \(lead + test): train \(train), "
          + "validation \(validation), test \(test), and gaps of \(gap)")
    }
    let foldCount = (count - lead) / test
    let origin = count - lead - foldCount * test
    folds = (0..<foldCount).map { fold in
      let testStart = origin + lead + fold * test
      let validationEnd = testStart - gap
      let trainEnd = validation > 0 ? validationEnd - validation - gap : validationEnd
      let trainStart = window == .expanding ? origin : trainEnd - train
      return Fold(
        number: fold,
        tuning: TuningSet(
          train: trainStart..<trainEnd,
          validation: validation > 0 ? validationEnd - validation..<validationEnd : nil),
        test: TestSet(periods: testStart..<testStart + test))
    }
  }

  /// One choice and one test.
  public struct Fold: Sendable, Hashable {
    /// Counted from 0.
    public let number: Int
    /// What the choice may be made on.
    public let tuning: TuningSet
    private let test: TestSet

    fileprivate init(number: Int, tuning: TuningSet, test: TestSet) {
      (self.number, self.tuning, self.test) = (number, tuning, test)
    }

    /// Makes the choice, and hands out the test set with it.
    ///
    /// - Parameter choose: sees the tuning set and nothing else of the fold.
    public func choose<Choice, Failure: Error>(
      _ choose: (TuningSet) throws(Failure) -> Choice
    ) throws(Failure) -> Chosen<Choice> {
      Chosen(choice: try choose(tuning), fold: number, test: test)
    }
  }

  /// Periods to train on and to select by.
  public struct TuningSet: Sendable, Hashable {
    public let train: Range<Int>
    /// After the training set and its gap; `nil` where none was asked for.
    public let validation: Range<Int>?

    fileprivate init(train: Range<Int>, validation: Range<Int>?) {
      (self.train, self.validation) = (train, validation)
    }
  }

  /// Periods to judge a choice by.
  public struct TestSet: Sendable, Hashable {
    public let periods: Range<Int>

    fileprivate init(periods: Range<Int>) { self.periods = periods }
  }

  /// A choice, and what it is yet to be tested on.
  public struct Chosen<Choice> {
    public let choice: Choice
    /// The fold's number.
    public let fold: Int
    public let test: TestSet

    fileprivate init(choice: Choice, fold: Int, test: TestSet) {
      (self.choice, self.fold, self.test) = (choice, fold, test)
    }
  }
}

extension WalkForward.Chosen: Sendable where Choice: Sendable {}
