import Deployment
import Markets
import Rebalancing

/// One path of a champion with a challenger in its shadow.
struct ShadowPlay: Sendable {
  /// A part of the path: all of it, or a calendar year of replayed data.
  struct Sample: Sendable {
    var steps = 0.0
    /// What the other decisions of its days would have saved, in basis points of value.
    var saving = 0.0
  }

  private let task: RebalancingTask
  private let shadow: ShadowTrigger
  private let seed: UInt64
  private let episode: UInt32
  private(set) var disagreements: [ShadowReport.Disagreement] = []
  private(set) var samples: [Sample] = []
  private(set) var requests = 0
  private(set) var faults = 0

  init(_ task: RebalancingTask, _ shadow: ShadowTrigger, seed: UInt64, episode: UInt32) {
    (self.task, self.shadow, self.seed, self.episode) = (task, shadow, seed, episode)
  }

  mutating func run() {
    var game = RebalancingEnvironment<Double>(task, copy: episode)
    _ = game.reset(seed: seed)
    var path = [Attribution.Contribution()]
    var open: [(place: Int, start: RebalancingEnvironment<Double>, record: ShadowRecord)] = []
    var years: [Int] = []
    while !game.hasEnded {
      let snapshot = game.snapshot
      let record = shadow.record(snapshot)
      if record.fault != nil { faults += 1 }
      if record.isDisagreement { open.append((requests, game, record)) }
      years.append(snapshot.date.year)
      var next = path[requests]
      next.add(game.advance(record.champion))
      path.append(next)
      requests += 1
    }
    var realised = path[requests]
    realised.wealth = game.value
    disagreements = open.map { place, start, record in
      let other = followed(start, record.challenger, from: path[place])
      return ShadowReport.Disagreement(
        episode: episode, step: place, date: start.date, kind: record.kind,
        championFraction: record.champion.fraction,
        challengerFraction: record.challenger.fraction, gain: other - realised)
    }
    samples = split(years)
  }

  /// The path with another decision in one step, and the champion's in all later ones.
  private func followed(
    _ start: RebalancingEnvironment<Double>, _ decision: TriggerDecision,
    from before: Attribution.Contribution
  ) -> Attribution.Contribution {
    var (game, path) = (start, before)
    path.add(game.advance(decision))
    while !game.hasEnded { path.add(game.advance(shadow.champion.decide(game.snapshot))) }
    path.wealth = game.value
    return path
  }

  /// Savings by calendar year where data is replayed from a fixed day, else one sample.
  private func split(_ years: [Int]) -> [Sample] {
    let isReplay = task.isReplayedFromFixedDay
    var samples: [Int: Sample] = [:]
    for year in years { samples[isReplay ? year : 0, default: Sample()].steps += 1 }
    for other in disagreements {
      samples[isReplay ? years[other.step] : 0, default: Sample()].saving +=
        other.gain.basisPoints.total
    }
    return samples.sorted { $0.key < $1.key }.map(\.value)
  }
}
