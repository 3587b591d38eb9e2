import Markets

// Arguments that several rules share, and rules that take more than a line to make.
extension RuleCall {
  /// The next unnamed argument as a share, from 0 to 1.
  mutating func share() throws(RuleError) -> Double {
    let share = try number()
    guard share <= 1 else { throw fault("\(share) is more than 1, the whole way") }
    return share
  }

  /// The next unnamed argument as a distance of a weight from its target, from 0 to 1.
  mutating func distance() throws(RuleError) -> Double { try distance(try number()) }

  func distance(_ number: Double) throws(RuleError) -> Double {
    guard number <= 1 else {
      throw fault("the distance \(number) is more than 1, which no weight is from its target")
    }
    return number
  }

  /// `to`: where a trade ends, as a share of the band.
  mutating func shareOfBand() throws(RuleError) -> Double {
    switch word(named: "to") {
    case nil, "0", "target": 0
    case "half": 0.5
    case "edge": 1
    case .some(let other):
      throw fault("bands that differ end at `target`, `half` or `edge`, “\(other)” is given")
    }
  }

  /// `to`: where a trade ends, as a distance from the target.
  mutating func destination(inside band: Double) throws(RuleError) -> Double {
    guard let word = word(named: "to") else { return 0 }
    switch word {
    case "target": return 0
    case "half": return band / 2
    case "edge": return band
    default:
      let destination = try number(word)
      guard destination <= band else {
        throw fault("the destination \(destination) lies outside the band \(band)")
      }
      return destination
    }
  }

  /// A band, or one per asset where some asset has its own.
  mutating func band(
    _ task: RebalancingTask, _ measure: BandRule.Measure,
    _ width: (Double) -> AssetBandRule.Width
  ) throws(RuleError) -> any Rule {
    // Relative to its target a small weight may be any distance from it.
    func checked(_ band: Double) throws(RuleError) -> Double {
      measure == .absolute ? try distance(band) : band
    }
    let common = try checked(try number())
    var bands = task.assets.map { _ in common }
    var isUniform = true
    for (i, asset) in task.assets.enumerated() {
      guard let own = try number(named: asset) else { continue }
      bands[i] = try checked(own)
      isUniform = false
    }
    if isUniform {
      return BandRule(
        name: text, band: common, destination: try destination(inside: common), measure: measure)
    }
    return AssetBandRule(
      name: text, widths: bands.map(width), share: try shareOfBand(), assets: task.assets)
  }

  /// `NAME,LEVEL`, where a name may have the number or the asset of the fact: `volatility[BOND]`.
  mutating func fact(
    _ task: RebalancingTask, _ side: FactRule.Side
  ) throws(RuleError) -> any Rule {
    let (word, level) = (try word(), try word())
    let parts = word.split(separator: "[", maxSplits: 1).map(String.init)
    guard let name = parts.first, let fact = Fact(rawValue: name) else {
      let names = Fact.allCases.map(\.rawValue).joined(separator: ", ")
      throw fault("there is no fact “\(word)”; there are \(names)")
    }
    guard let number = Double(level), number.isFinite else {
      throw fault("“\(level)” is not a number")
    }
    var place: Int?
    if parts.count == 2 {
      let index = String(parts[1].dropLast())
      place = task.assets.firstIndex(of: index) ?? Int(index)
      guard let place, parts[1].hasSuffix("]"), task.numbers(of: fact).contains(place) else {
        throw fault("“\(word)” is none of the numbers of \(name)")
      }
    }
    return FactRule(name: text, fact: fact, place: place, side: side, level: number)
  }

  mutating func severity() throws(RuleError) -> any Rule {
    let band = try distance()
    let partial = try number(named: "partial", or: 0.5)
    let concentration = try number(named: "concentration", or: 1.5)
    let (total, crisis) = (try number(named: "total"), try number(named: "crisis"))
    guard partial > 0, partial < 1 else {
      throw fault(
        "a partial trade goes more than none and less than all of the way, not \(partial)")
    }
    guard concentration > 1 else {
      throw fault("the concentration \(concentration) must be above 1")
    }
    guard crisis == nil || total != nil else {
      throw fault("crisis=L needs total=T, beyond which it trades at once")
    }
    return SeverityRule(
      name: text, band: band, partial: partial, concentration: concentration, total: total,
      crisis: crisis)
  }

  mutating func quadratic(_ task: RebalancingTask) throws(RuleError) -> any Rule {
    let continuation = try number()
    guard continuation > 0 else { throw fault("C must be above 0") }
    guard let costs = task.costs.proportionalPerUnit, case .quadratic(let aversion) = task.driftCost
    else {
      throw fault("it needs proportional costs and `drift_cost: quadratic`, \(task.id) has others")
    }
    guard let covariance = task.market.averageCovariance else {
      throw fault(
        "it needs a market whose covariance is known beforehand, constant or by regimes; that of "
          + "\(task.id) is estimated")
    }
    return QuadraticRule(
      name: text, costs: costs, covariance: covariance,
      riskAversion: aversion / task.stepsPerYear, continuation: continuation,
      assets: task.assets)
  }
}

extension RebalancingTask {
  /// The places of a fact's numbers.
  func numbers(of fact: Fact) -> Range<Int> {
    switch fact.definition.shape {
    case .one: 0..<1
    case .two: 0..<2
    case .perAsset: 0..<assets.count
    case .perRegime: 0..<market.regimeCount
    }
  }
}
