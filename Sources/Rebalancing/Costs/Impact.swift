public import Algebra

/// Price impact of a block: what it pays beyond the spread, as a fraction of its amount and as the
/// average over its fills.
///
/// X is the amount traded and V the average daily volume, both in currency, σ the volatility per day.
public enum Impact<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  case none
  case squareRoot(SquareRootImpact<Scalar>)
  case almgren(AlmgrenImpact<Scalar>)
  case iStar(IStarImpact<Scalar>)

  /// The same model in another arithmetic.
  public func converted<Other>(to: Other.Type) -> Impact<Other> {
    switch self {
    case .none: .none
    case .squareRoot(let model): .squareRoot(SquareRootImpact(model))
    case .almgren(let model): .almgren(AlmgrenImpact(model))
    case .iStar(let model): .iStar(IStarImpact(model))
    }
  }

  /// The average impact; 0 where V is 0, a market in which nothing can be traded.
  ///
  /// - Parameters:
  ///   - amount: X.
  ///   - volatility: σ per day.
  ///   - price: in currency per share; only the model with shares outstanding reads it.
  ///   - adv: V; infinite where it is unknown, which means no impact.
  @inline(__always) public func average<L: Lanes>(
    amount: L, volatility: L, price: L, adv: L
  ) -> L where L.Scalar == Scalar {
    let zero = L(repeating: 0)
    let hasVolume = zero .< adv
    let volume = L(repeating: 1).replacing(with: adv, where: hasVolume)
    let participation = zero.replacing(with: amount / volume, where: hasVolume)
    switch self {
    case .none: return zero
    case .squareRoot(let model): return model.average(participation, volatility)
    case .almgren(let model):
      let daysOutstanding = L(repeating: model.sharesOutstanding) * price / volume
      return model.average(participation, volatility, daysOutstanding: daysOutstanding)
    case .iStar(let model): return model.average(participation, volatility)
    }
  }
}

/// `a + b σ √(X/V)`, the average over the block.
///
/// The price moved by the last unit of the block is `a + 3/2 b σ √(X/V)`: a coefficient estimated for
/// the marginal price enters here times 2/3. With σ and V over a year b is about 1.
public struct SquareRootImpact<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  /// a, as a fraction of the amount.
  public var base: Scalar
  /// b, of the average over the block; without a unit.
  public var coefficient: Scalar

  public init(base: Scalar = 0, coefficient: Scalar = 1) {
    self.base = base
    self.coefficient = coefficient
  }

  init<Other>(_ other: SquareRootImpact<Other>) {
    self.init(base: Scalar(other.base), coefficient: Scalar(other.coefficient))
  }

  @inline(__always) func average<L: Lanes>(_ participation: L, _ volatility: L) -> L
  where L.Scalar == Scalar {
    L(repeating: base) + L(repeating: coefficient) * volatility * participation.roots()
  }
}

/// Impact in two parts with coefficients estimated from 30,000 orders in US stocks.
///
/// Permanent `I = γ σ (X/V) (Θ/V)^¼`, temporary `K = η σ (X/(V T))^0.6`; a block that trades evenly
/// over T days pays `I/2 + K`. R. Almgren, C. Thum, E. Hauptmann, H. Li, Direct estimation of equity
/// market impact, Risk 18 (2005).
public struct AlmgrenImpact<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  /// Θ in shares.
  public var sharesOutstanding: Scalar
  /// T, the days that the block is spread over.
  public var executionDays: Scalar
  /// γ
  public var permanentCoefficient: Scalar
  /// η
  public var temporaryCoefficient: Scalar

  public init(
    sharesOutstanding: Scalar, executionDays: Scalar,
    permanentCoefficient: Scalar = Scalar(0.314), temporaryCoefficient: Scalar = Scalar(0.142)
  ) {
    self.sharesOutstanding = sharesOutstanding
    self.executionDays = executionDays
    self.permanentCoefficient = permanentCoefficient
    self.temporaryCoefficient = temporaryCoefficient
  }

  init<Other>(_ other: AlmgrenImpact<Other>) {
    self.init(
      sharesOutstanding: Scalar(other.sharesOutstanding),
      executionDays: Scalar(other.executionDays),
      permanentCoefficient: Scalar(other.permanentCoefficient),
      temporaryCoefficient: Scalar(other.temporaryCoefficient))
  }

  /// I, by which the price has moved for good after the block.
  ///
  /// - Parameters:
  ///   - participation: X/V.
  ///   - daysOutstanding: Θ/V, the days in which the volume adds up to the shares outstanding.
  @inline(__always) public func permanent<L: Lanes>(
    _ participation: L, _ volatility: L, daysOutstanding: L
  ) -> L where L.Scalar == Scalar {
    // The fourth root as two square roots, which are exact to the last bit and defined at 0.
    L(repeating: permanentCoefficient) * volatility * participation
      * daysOutstanding.roots().roots()
  }

  /// K, which the block pays and which does not last.
  @inline(__always) public func temporary<L: Lanes>(_ participation: L, _ volatility: L) -> L
  where L.Scalar == Scalar {
    L(repeating: temporaryCoefficient) * volatility
      * (participation / L(repeating: executionDays)).power(Scalar(0.6))
  }

  @inline(__always) func average<L: Lanes>(
    _ participation: L, _ volatility: L, daysOutstanding: L
  ) -> L where L.Scalar == Scalar {
    permanent(participation, volatility, daysOutstanding: daysOutstanding) * L(repeating: 0.5)
      + temporary(participation, volatility)
  }
}

/// The I-Star model: an instantaneous cost that trading slowly makes smaller.
///
/// `I* = a₁ (X/V)^a₂ s^a₃`, cost `b₁ I* POV^a₄ + (1 − b₁) I*`, with s the volatility per year
/// (σ √252) and POV = X/(V T), at most 1, the part of the volume of T days that the block is. X/V, s
/// and POV are plain fractions, I* and the cost basis points in the source and fractions here. The
/// parameters given as defaults are those of all stocks in R. Kissell, The Science of Algorithmic
/// Trading and Portfolio Management (2014), table 5.4.
public struct IStarImpact<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  /// T, the days that the block is spread over.
  public var executionDays: Scalar
  /// a₁ in basis points, the sensitivity to size.
  public var sensitivity: Scalar
  /// a₂, the exponent of X/V.
  public var sizeExponent: Scalar
  /// a₃, the exponent of the volatility.
  public var volatilityExponent: Scalar
  /// a₄, the exponent of POV.
  public var rateExponent: Scalar
  /// b₁, the temporary part of the cost, 0 to 1.
  public var temporaryShare: Scalar

  public init(
    executionDays: Scalar, sensitivity: Scalar = 708, sizeExponent: Scalar = Scalar(0.55),
    volatilityExponent: Scalar = Scalar(0.71), rateExponent: Scalar = Scalar(0.5),
    temporaryShare: Scalar = Scalar(0.98)
  ) {
    self.executionDays = executionDays
    self.sensitivity = sensitivity
    self.sizeExponent = sizeExponent
    self.volatilityExponent = volatilityExponent
    self.rateExponent = rateExponent
    self.temporaryShare = temporaryShare
  }

  init<Other>(_ other: IStarImpact<Other>) {
    self.init(
      executionDays: Scalar(other.executionDays), sensitivity: Scalar(other.sensitivity),
      sizeExponent: Scalar(other.sizeExponent),
      volatilityExponent: Scalar(other.volatilityExponent),
      rateExponent: Scalar(other.rateExponent), temporaryShare: Scalar(other.temporaryShare))
  }

  @inline(__always) func average<L: Lanes>(_ participation: L, _ volatility: L) -> L
  where L.Scalar == Scalar {
    let one = L(repeating: 1)
    let perYear = volatility * L(repeating: Scalar(252)).roots()
    let instantaneous =
      L(repeating: sensitivity * Scalar(1e-4)) * participation.power(sizeExponent)
      * perYear.power(volatilityExponent)
    let rate = L.smaller(participation / L(repeating: executionDays), one)
    let temporary = L(repeating: temporaryShare)
    return instantaneous * (temporary * rate.power(rateExponent) + (one - temporary))
  }
}

extension Lanes {
  /// xᵖ for p > 0 and x ≥ 0; below the normal numbers it is 0.
  @inline(__always) func power(_ exponent: Scalar) -> Self {
    let result = Self.exp(Self.log(self) * Self(repeating: exponent))
    let least = Self(repeating: Scalar.leastNormalMagnitude)
    return result.replacing(with: Self(repeating: 0), where: self .< least)
  }
}

extension Impact: Codable where Scalar: Codable {}
extension SquareRootImpact: Codable where Scalar: Codable {}
extension AlmgrenImpact: Codable where Scalar: Codable {}
extension IStarImpact: Codable where Scalar: Codable {}
