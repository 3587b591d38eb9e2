import Statistics
import Testing

@Suite struct WalkForwardTests {
  struct Case: Sendable {
    var count = 100
    var train = 30
    var validation = 10
    var test = 15
    var purge = 0
    var embargo = 0
    var window = WalkForward.Window.expanding

    func make() throws -> WalkForward {
      try WalkForward(
        count: count, train: train, validation: validation, test: test, purge: purge,
        embargo: embargo, window: window)
    }
  }

  static let cases = WalkForward.Window.allCases.flatMap { window in
    [(0, 0), (3, 0), (0, 2), (4, 1)].flatMap { purge, embargo in
      [0, 10].map {
        Case(validation: $0, purge: purge, embargo: embargo, window: window)
      }
    }
  }

  @Test(arguments: cases)
  func `purge and embargo lie between every set and what is later`(_ given: Case) throws {
    let folds = try given.make().folds
    #expect(!folds.isEmpty)
    let gap = given.purge + given.embargo
    for (number, fold) in folds.enumerated() {
      let chosen = fold.choose { $0 }
      let (tuning, test) = (chosen.choice, chosen.test.periods)
      let last = tuning.validation ?? tuning.train
      #expect(test.lowerBound - last.upperBound == gap)
      if let validation = tuning.validation {
        #expect(validation.lowerBound - tuning.train.upperBound == gap)
        #expect(validation.count == given.validation)
      }
      // What an outcome of a tuning period depends on ends before the test begins.
      #expect(last.upperBound - 1 + given.purge < test.lowerBound)
      #expect((tuning.validation == nil) == (given.validation == 0))
      #expect(tuning.train.lowerBound >= 0 && test.upperBound <= given.count)
      #expect(test.count == given.test)
      let grown = given.window == .expanding ? number * given.test : 0
      #expect(tuning.train.count == given.train + grown)
      #expect(chosen.fold == number)
    }
  }

  @Test(arguments: cases)
  func `test sets follow each other up to the last period`(_ given: Case) throws {
    let tests = try given.make().folds.map { $0.choose { _ in }.test.periods }
    for (test, next) in zip(tests, tests.dropFirst()) {
      #expect(test.upperBound == next.lowerBound)
    }
    #expect(tests.last?.upperBound == given.count)
    // No further fold would have fitted.
    let first = try given.make().folds.first?.tuning.train.lowerBound ?? 0
    #expect(first < given.test)
  }

  @Test func `a choice sees its own fold's tuning set, and its error comes through`() throws {
    struct NoChoice: Error {}
    let fold = try #require(try Case().make().folds.first)
    #expect(throws: NoChoice.self) { try fold.choose { _ throws(NoChoice) in throw NoChoice() } }
    let best = fold.choose { tuning in tuning.train.max() ?? 0 }
    #expect(best.choice == 29 && best.test.periods == 40..<55)
  }

  @Test func `faults are said`() {
    #expect(
      message { _ = try Case(count: 50, purge: 2, embargo: 1).make() }
        == "a timeline of 50 periods is given, one fold takes 61: train 30, validation 10, "
        + "test 15, and gaps of 3")
    #expect(
      message { _ = try Case(test: 0).make() } == "test is 0, 1 to 1000000000 periods are valid")
    #expect(
      message { _ = try Case(purge: -1).make() }
        == "purge is -1, 0 to 1000000000 periods are valid")
    #expect(message { _ = try Case(count: 55).make() } == nil)
  }
}
