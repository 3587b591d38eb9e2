import Foundation
import Oracles
import Testing

/// A problem and its optimum as an independent solver found it: a uniform grid in log-odds with the
/// exact normal weights of its linear interpolant, and policy iteration by GMRES; a third, brute-force
/// value iteration agrees with it to 1e-5.
struct SolvedProblem: Sendable, CustomTestStringConvertible {
  var name: String
  var chain: TwoAssetChain
  var actions: TwoAssetChain.ActionSet
  var cost: Double
  var noTrade: [Double]
  var full: [Double?] = [nil, nil]
  var turnover: Double
  var trackingError: Double
  var testDescription: String { name }

  /// The two-asset task of the repository with another cost and another step.
  init(
    _ name: String, stepsPerYear: Double, cost perUnit: Double, _ actions: TwoAssetChain.ActionSet,
    _ cost: Double, _ noTrade: [Double], full: [Double?] = [nil, nil], _ turnover: Double,
    _ trackingError: Double
  ) {
    self.init(
      name, [0.6, 0.1628, 0.0285, perUnit, 5, stepsPerYear], actions, cost, noTrade, full: full,
      turnover, trackingError)
  }

  /// Parameters: target, volatility, drift, cost, risk aversion, steps per year.
  init(
    _ name: String, _ p: [Double], _ actions: TwoAssetChain.ActionSet, _ cost: Double,
    _ noTrade: [Double], full: [Double?] = [nil, nil], _ turnover: Double,
    _ trackingError: Double
  ) {
    self.name = name
    chain = TwoAssetChain(
      target: p[0], volatility: p[1], drift: p[2], costPerUnit: p[3], riskAversion: p[4],
      stepsPerYear: p[5])
    self.actions = actions
    self.cost = cost
    self.noTrade = noTrade
    self.full = full
    self.turnover = turnover
    self.trackingError = trackingError
  }
}

private let half = TwoAssetChain.ActionSet.fractions([0, 0.5, 1])
private let quarters = TwoAssetChain.ActionSet.fractions([0, 0.25, 0.5, 0.75, 1])
private let allOrNothing = TwoAssetChain.ActionSet.fractions([0, 1])
private let onlyHalf = TwoAssetChain.ActionSet.fractions([0, 0.5])

private let solved = [
  SolvedProblem(
    "daily, cheap, anywhere", stepsPerYear: 252, cost: 0.002, .unrestricted, 0.70700,
    [0.56587, 0.62848], 0.023765, 30.444),
  SolvedProblem(
    "daily, cheap, halves", stepsPerYear: 252, cost: 0.002, half, 0.73133, [0.55576, 0.63706],
    full: [0.0123, nil], 0.024573, 30.975),
  SolvedProblem(
    "daily, dear, anywhere", stepsPerYear: 252, cost: 0.01, .unrestricted, 2.09720,
    [0.53667, 0.64682], 0.014272, 51.769),
  SolvedProblem(
    "daily, dear, halves", stepsPerYear: 252, cost: 0.01, half, 2.16661, [0.51835, 0.66068],
    0.014713, 52.736),
  SolvedProblem(
    "monthly, cheap, anywhere", stepsPerYear: 12, cost: 0.002, .unrestricted, 0.68852,
    [0.57119, 0.62359], 0.023738, 29.241),
  SolvedProblem(
    "monthly, cheap, halves", stepsPerYear: 12, cost: 0.002, half, 0.70675, [0.56180, 0.63150],
    full: [0.44567, 0.72296], 0.024517, 29.422),
  SolvedProblem(
    "monthly, dear, anywhere", stepsPerYear: 12, cost: 0.01, .unrestricted, 2.07798,
    [0.54209, 0.64200], 0.014268, 51.037),
  SolvedProblem(
    "monthly, dear, halves", stepsPerYear: 12, cost: 0.01, half, 2.14083, [0.52422, 0.65557],
    full: [0.15704, 0.89663], 0.014708, 51.772),
  SolvedProblem(
    "quarters of the way", [0.3, 0.25, -0.05, 0.001, 3, 12], quarters, 0.694452,
    [0.279120, 0.323289], full: [0.136596, 0.482846], 0.049137, 36.7949),
  SolvedProblem(
    "weekly, symmetric", [0.5, 0.2, 0, 0.005, 2, 52], half, 1.550402, [0.424559, 0.575441],
    0.020514, 72.4358),
  SolvedProblem(
    "daily, wild and cheap", [0.8, 0.3, 0.05, 0.0005, 10, 252], half, 0.706017,
    [0.785734, 0.813961], full: [0.730499, 0.869380], 0.095699, 21.3320),
  SolvedProblem(
    "all or nothing", [0.8, 0.15, 0.02, 0.002, 5, 12], allOrNothing, 0.427342,
    [0.762166, 0.832872], full: [0.762166, 0.832872], 0.014523, 23.3986),
  SolvedProblem(
    "weekly, only halves", [0.6, 0.1628, 0.0285, 0.002, 5, 52], onlyHalf, 0.726337,
    [0.557682, 0.635287], 0.024568, 30.6574),
  SolvedProblem(
    "the drift does the rebalancing", [0.5, 0.1, -0.03, 0.02, 1, 12], half, 1.574161,
    [0.444464, 0.794083], full: [0.088971, nil], 0.007442, 41.3987),
  SolvedProblem(
    "daily, all or nothing", [0.5, 0.2, 0, 0.001, 5, 252], allOrNothing, 0.883630,
    [0.459721, 0.540279], full: [0.459721, 0.540279], 0.059018, 34.2610),
  SolvedProblem(
    "weekly, dear, anywhere", [0.3, 0.3, 0.05, 0.01, 4, 52], .unrestricted, 5.438955,
    [0.243027, 0.341931], 0.036802, 93.7753),
  SolvedProblem(
    "narrow region", [0.8, 0.3, -0.05, 0.0005, 10, 12], .unrestricted, 0.533501,
    [0.795617, 0.805361], 0.089081, 13.2735),
  SolvedProblem(
    "daily, calm, anywhere", [0.3, 0.12, -0.02, 0.004, 8, 252], .unrestricted, 0.602079,
    [0.272296, 0.335338], 0.010189, 22.0525),
  SolvedProblem(
    "weekly quarters", [0.8, 0.25, 0.03, 0.003, 3, 52], quarters, 1.054662,
    [0.764490, 0.834347], full: [0.224332, nil], 0.023341, 48.6094),
  SolvedProblem(
    "fractions that are not ordered", [0.6, 0.18, 0.04, 0.02, 2, 252], quarters, 3.227313,
    [0.457482, 0.680676], 0.011649, 94.7401),
  SolvedProblem(
    "monthly, only halves", [0.3, 0.22, 0.05, 0.006, 6, 12], onlyHalf, 2.441567,
    [0.248630, 0.335026], 0.028584, 49.2108),
  SolvedProblem(
    "daily, tolerant, only halves", [0.8, 0.2, -0.05, 0.002, 1, 252], onlyHalf, 0.402280,
    [0.762439, 0.865295], 0.014339, 48.0630),
]

@Suite struct TwoAssetOptimumTests {
  @Test(arguments: solved)
  func `solves to the values of an independent solver`(_ problem: SolvedProblem) throws {
    let solution = try problem.chain.solve(problem.actions)
    #expect(isClose(solution.score.costPerYear, problem.cost, 1e-4))
    #expect(abs(solution.noTrade.lowerBound - problem.noTrade[0]) < 1e-4)
    #expect(abs(solution.noTrade.upperBound - problem.noTrade[1]) < 1e-4)
    #expect(isClose(solution.score.turnoverPerYear, problem.turnover, 1e-3))
    #expect(isClose(solution.score.trackingError, problem.trackingError, 1e-3))
    for (found, expected) in [
      (solution.fullTradeBelow, problem.full[0]), (solution.fullTradeAbove, problem.full[1]),
    ] {
      #expect((found == nil) == (expected == nil))
      if let found, let expected { #expect(abs(found - expected) < 5e-4) }
    }
  }

  @Test(arguments: [[0.6, 0.6, 0.0285, 0.002, 5, 1], [0.6, 0.4, 0.0285, 5e-5, 5, 12]])
  func `finds a region that is narrower than a step`(_ p: [Double]) throws {
    let chain = TwoAssetChain(
      target: p[0], volatility: p[1], drift: p[2], costPerUnit: p[3], riskAversion: p[4],
      stepsPerYear: p[5])
    let solution = try chain.solve(half)
    #expect(solution.noTrade.lowerBound < 0.5995 && solution.noTrade.upperBound > 0.6005)
    #expect(solution.score.costPerYear <= chain.score(toTargetEvery: 1).costPerYear)
  }

  @Test(arguments: [0.4, 0.47, 1.1, 2.59])
  func `eight nodes at a time give the mean of one at a time`(_ centre: Double) {
    let quadrature = Quadrature(from: 0.4, to: 2.4, breakpoints: [0.9], panelWidth: 0.2)
    let (nodes, weights) = (quadrature.nodes, quadrature.weights)
    let values = nodes.map { ($0 - 0.9) * ($0 - 0.9) + abs($0 - 0.9) }
    var (sum, mass) = (0.0, 0.0)
    for i in nodes.indices {
      let x = (nodes[i] - centre) / 0.1
      let share = weights[i] * exp(-x * x / 2)
      sum += share * values[i]
      mass += share
    }
    let mean = quadrature.normalMean(of: values, centre: centre, deviation: 0.1, reach: 8.5)
    #expect(isClose(mean, sum / mass, 1e-13))
    #expect(nodes.count % 8 != 0)
  }

  @Test func `settles where the chain never goes`() throws {
    // The lower edge lies where the law has no mass; an independent grid places it at .3847.
    let chain = TwoAssetChain(
      target: 0.6, volatility: 0.02, drift: 0.0285, costPerUnit: 0.002, riskAversion: 5,
      stepsPerYear: 12)
    #expect(abs(try chain.solve(half).noTrade.lowerBound - 0.3847) < 1e-3)
  }

  @Test func `more freedom never costs more`() throws {
    let chain = solved[4].chain
    let costs = try [onlyHalf, half, quarters, .unrestricted].map {
      try chain.solve($0).score.costPerYear
    }
    #expect(zip(costs, costs.dropFirst()).allSatisfy { $0 >= $1 * (1 - 1e-9) })
  }

  @Test func `nears the closed form as steps become short`() throws {
    // h³ = 3κ w²(1−w)²/(2γ) and cost k h² with k = γσ²/2, less the known shift for discrete steps.
    let chain = TwoAssetChain(
      target: 0.5, volatility: 0.1, drift: 0, costPerUnit: 0.0002, riskAversion: 5,
      stepsPerYear: 4000)
    let solution = try chain.solve(.unrestricted)
    let half = 0.015536162529769292
    let shift = 0.5826 * 0.1 * 0.25 / 4000.0.squareRoot()
    let width = (solution.noTrade.upperBound - solution.noTrade.lowerBound) / 2
    #expect(abs(width + shift - half) < 0.01 * half)
  }

  @Test func `a cost of zero leaves nothing undone`() throws {
    let chain = TwoAssetChain(
      target: 0.6, volatility: 0.16, drift: 0.02, costPerUnit: 0, riskAversion: 5,
      stepsPerYear: 12)
    let solution = try chain.solve(half)
    #expect(solution.score.costPerYear < 1e-9)
    #expect(solution.noTrade.upperBound - solution.noTrade.lowerBound < 1e-6)
  }

  @Test func `a market that hardly moves is refused, not solved for minutes`() {
    let chain = TwoAssetChain(
      target: 0.6, volatility: 0.0001, drift: 0, costPerUnit: 0.002, riskAversion: 5,
      stepsPerYear: 252)
    let error = #expect(throws: NoStationaryLaw.self) { try chain.solve(.unrestricted) }
    #expect(error?.description.hasPrefix("too wide to be solved: ") == true)
  }

  @Test func `actions that never trade have no optimum`() {
    #expect(throws: NoStationaryLaw.self) { try solved[0].chain.solve(.fractions([0])) }
  }
}

/// Whether two numbers agree relative to the second.
func isClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
  abs(a - b) <= tolerance * abs(b)
}
