public import Algebra

/// What an agent sees of a portfolio; the one place where finance becomes numbers for a network.
///
/// Environments, evaluation and production all build observations here.
public struct ObservationBuilder: Sendable, Hashable {
  /// One named part of an observation.
  public enum Feature: Sendable, Hashable {
    /// Weight minus target, for every asset.
    case weightDeviation
    /// Log return of the last step, for every asset; 0 at the start.
    case lastLogReturn
    /// (value − basis) / value, for every asset.
    case unrealizedGain
    /// (w₁ − w₁*) / h: the first asset's deviation in units of a fixed half-width.
    case scaledDeviation(halfWidth: Double)
    /// Anything else that is known.
    case fact(Fact)
  }

  /// The parts, in order.
  public let features: [Feature]
  /// Number of assets.
  public let assetCount: Int
  /// Number of the market's regimes; 0 without.
  public let regimeCount: Int

  public init(features: [Feature], assetCount: Int, regimeCount: Int = 0) {
    self.features = features
    self.assetCount = assetCount
    self.regimeCount = regimeCount
  }

  /// The facts among the parts, in order.
  public var facts: [Fact] {
    features.compactMap { if case .fact(let fact) = $0 { fact } else { nil } }
  }

  /// Numbers of all facts together.
  var factCount: Int { facts.reduce(0) { $0 + size(of: $1) } }

  /// Numbers in an observation.
  public var size: Int {
    features.reduce(0) { size, feature in
      switch feature {
      case .weightDeviation, .lastLogReturn, .unrealizedGain: size + assetCount
      case .scaledDeviation: size + 1
      case .fact(let fact): size + self.size(of: fact)
      }
    }
  }

  /// One number of an observation.
  public struct Column: Sendable, Hashable {
    /// For example `weight_deviation[1]`.
    public let name: String
    /// For example `fraction of value`.
    public let unit: String
    /// The smallest possible value.
    public let low: Float
    /// The largest possible value.
    public let high: Float
  }

  /// The numbers of an observation, in order.
  public var columns: [Column] {
    features.flatMap { feature -> [Column] in
      switch feature {
      case .weightDeviation:
        perAsset("weight_deviation", "fraction of value", -1, 1)
      case .lastLogReturn:
        perAsset("last_log_return", "log return per step", -.infinity, .infinity)
      case .unrealizedGain:
        perAsset("unrealized_gain", "fraction of holding", -.infinity, 1)
      case .scaledDeviation(let halfWidth):
        [
          Column(
            name: "scaled_deviation", unit: "half-widths of \(halfWidth)",
            low: Float(-1 / halfWidth), high: Float(1 / halfWidth))
        ]
      case .fact(let fact): columns(of: fact)
      }
    }
  }

  private func columns(of fact: Fact) -> [Column] {
    let (unit, low, high, shape) = fact.definition
    return (0..<size(of: fact)).map {
      Column(
        name: shape == .one ? fact.rawValue : "\(fact.rawValue)[\($0)]", unit: unit, low: low,
        high: high)
    }
  }

  private func perAsset(_ name: String, _ unit: String, _ low: Float, _ high: Float) -> [Column] {
    (0..<assetCount).map { Column(name: "\(name)[\($0)]", unit: unit, low: low, high: high) }
  }

  /// Writes the observation of a portfolio, one element per column.
  @inlinable public func observe<L: Lanes>(
    weights: Span<L>, targets: Span<L.Scalar>, basis: Span<L>, lastLogReturns: Span<L>,
    facts: Span<L> = Span(), into observation: inout MutableSpan<L>
  ) {
    var column = 0
    var factsTaken = 0
    for feature in features {
      switch feature {
      case .fact(let fact):
        let size = size(of: fact)
        for i in 0..<size { observation[column + i] = facts[factsTaken + i] }
        column += size
        factsTaken += size
      case .weightDeviation:
        for i in 0..<assetCount { observation[column + i] = weights[i] - L(repeating: targets[i]) }
        column += assetCount
      case .lastLogReturn:
        for i in 0..<assetCount { observation[column + i] = lastLogReturns[i] }
        column += assetCount
      case .unrealizedGain:
        for i in 0..<assetCount {
          // An asset that is not held has no gain; the divisor only keeps the lane finite.
          let isHeld = L(repeating: 0) .< weights[i]
          let divisor = L(repeating: 1).replacing(with: weights[i], where: isHeld)
          let gain = (weights[i] - basis[i]) / divisor
          observation[column + i] = L(repeating: 0).replacing(with: gain, where: isHeld)
        }
        column += assetCount
      case .scaledDeviation(let halfWidth):
        let width = L(repeating: L.Scalar(halfWidth))
        observation[column] = (weights[0] - L(repeating: targets[0])) / width
        column += 1
      }
    }
  }

  /// Numbers of a fact.
  @usableFromInline func size(of fact: Fact) -> Int {
    switch fact.definition.shape {
    case .one: 1
    case .two: 2
    case .perAsset: assetCount
    case .perRegime: regimeCount
    }
  }

  /// The facts that a snapshot brings, in order.
  private func facts(in snapshot: PortfolioSnapshot) throws(MissingField) -> [Double] {
    var numbers: [Double] = []
    for fact in facts {
      guard let given = snapshot.facts?[fact.rawValue] else {
        throw MissingField("facts.\(fact.rawValue): missing, the policy needs it")
      }
      guard given.count == size(of: fact) else {
        throw MissingField(
          "facts.\(fact.rawValue): \(given.count) numbers, \(size(of: fact)) are needed")
      }
      numbers += given
    }
    return numbers
  }

  /// The observation of a snapshot.
  ///
  /// - Throws: where the snapshot lacks a field that a feature needs.
  public func observe(_ snapshot: PortfolioSnapshot) throws(MissingField) -> [Float] {
    guard snapshot.assets.count == assetCount else {
      throw MissingField("the policy is for \(assetCount) assets, \(snapshot.assets.count) given")
    }
    let (seesGain, seesReturn) = (
      features.contains(.unrealizedGain), features.contains(.lastLogReturn)
    )
    if seesGain, snapshot.basis == nil {
      throw MissingField("basis: missing, the policy's feature unrealized_gain needs it")
    }
    if seesReturn, snapshot.lastLogReturns == nil {
      throw MissingField(
        "last_log_returns: missing, the policy's feature last_log_return needs it")
    }
    let value = snapshot.value
    let weights = snapshot.holdings.map { $0 / value }
    let basis = seesGain ? (snapshot.basis ?? []).map { $0 / value } : []
    let lastLogReturns = seesReturn ? snapshot.lastLogReturns ?? [] : []
    let targets = snapshot.targets
    let facts = try facts(in: snapshot)
    var observation = [Double](repeating: 0, count: size)
    var columns = observation.mutableSpan
    observe(
      weights: weights.span, targets: targets.span, basis: basis.span,
      lastLogReturns: lastLogReturns.span, facts: facts.span, into: &columns)
    return observation.map { Float($0) }
  }

  /// A field of a snapshot that a policy needs and does not find.
  public struct MissingField: Error, CustomStringConvertible, Sendable {
    public let description: String
    init(_ description: String) { self.description = description }
  }
}
