public import Algebra

/// Days of a price history in blocks of random order: the stationary bootstrap (Politis and Romano
/// 1994).
///
/// At every step a new block begins with probability 1/b, at a day drawn from all with equal chance;
/// otherwise the next day of the data follows, the first after the last. Blocks are geometric with
/// mean b. All assets move together, and with them the volatility index of the day.
///
/// The state is the day whose return came last; whether the episode has just begun (1) or not (0); and
/// the covariance known, the lower triangle row by row. It begins with the estimate of a random day
/// after the warm-up and goes on with the returns of the path.
public struct BootstrapMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The returns, and what is known on each day.
  public let table: ReturnTable<Scalar>
  /// b, expected number of days of a block.
  public let blockLength: Double
  /// Days before the first on which an episode may begin.
  public let warmup: Int
  /// A block begins where a random word is below this, 2³²/b.
  @usableFromInline let threshold: UInt64
  /// λ of the covariance.
  @usableFromInline let keep: Scalar
  /// (1 − λ)/Δt.
  @usableFromInline let take: Scalar

  /// - Parameters:
  ///   - table: made with the same `covariance`.
  ///   - blockLength: at least 1.
  public init(
    _ table: ReturnTable<Scalar>, blockLength: Double, covariance: ExponentialCovariance
  ) {
    precondition(blockLength >= 1, "a block has at least one day")
    precondition(covariance.warmup < table.dayCount, "the data is shorter than the warm-up")
    self.table = table
    self.blockLength = blockLength
    warmup = covariance.warmup
    threshold = UInt64((0x1p32 / blockLength).rounded())
    keep = Scalar(covariance.keep)
    take = Scalar((1 - covariance.keep) * covariance.stepsPerYear)
  }

  /// The same market in another arithmetic; it resamples the same days.
  init(_ other: BootstrapMarket<Double>) {
    table = ReturnTable(other.table)
    blockLength = other.blockLength
    warmup = other.warmup
    threshold = other.threshold
    keep = Scalar(other.keep)
    take = Scalar(other.take)
  }

  /// The day, the flag and the lower triangle of the covariance.
  public var stateCount: Int { 2 + table.assetCount * (table.assetCount + 1) / 2 }

  /// The place of an entry of the covariance, j ≤ i, in the state.
  @inlinable func place(_ i: Int, _ j: Int) -> Int { 2 + i * (i + 1) / 2 + j }

  @inlinable func begin<L: Lanes>(
    _ path: MarketPath<L>, where mask: L.Mask, state: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    let assets = table.assetCount
    for lane in 0..<L.laneCount where mask[lane: lane] {
      let day =
        warmup
        + path.source.integer(
          below: table.dayCount - warmup, .initialState, copy: path.copy[lane: lane],
          episode: path.episode[lane: lane])
      state[0][lane: lane] = Scalar(day)
      state[1][lane: lane] = 1
      for i in 0..<assets {
        for j in 0...i {
          state[place(i, j)][lane: lane] = table.covariances[(day * assets + i) * assets + j]
        }
      }
    }
  }

  @inlinable func move<L: Lanes>(
    _ path: MarketPath<L>, state: inout MutableSpan<L>, at first: Int,
    growth: inout MutableSpan<L>, logReturns: inout MutableSpan<L>, income: inout MutableSpan<L>,
    at asset: Int
  ) where L.Scalar == Scalar {
    let (chance, choice, _, _) = path.drawWords(afterNormals: 0)
    for lane in 0..<L.laneCount {
      let begins =
        state[first + 1][lane: lane] != 0 || UInt64(chance[lane: lane]) < threshold
      let day = next(
        after: Int(state[first][lane: lane]), isFirst: begins, choice: choice[lane: lane])
      state[first][lane: lane] = Scalar(day)
      table.copy(
        day: day, to: lane, growth: &growth, logReturns: &logReturns, income: &income, at: asset)
    }
    state[first + 1] = L(repeating: 0)
    updateCovariance(
      state: &state, at: first, growth: growth.span, income: income.span, at: asset)
  }

  /// The day that follows; day 0 has no return.
  @inlinable func next(after day: Int, isFirst: Bool, choice: UInt32) -> Int {
    let last = table.dayCount - 1
    if isFirst { return 1 + Int((UInt64(choice) * UInt64(last)) >> 32) }
    return day == last ? 1 : day + 1
  }

  /// Σ ← λ Σ + (1 − λ) r rᵀ / Δt.
  @inlinable func updateCovariance<L: Lanes>(
    state: inout MutableSpan<L>, at first: Int, growth: Span<L>, income: Span<L>, at asset: Int
  ) where L.Scalar == Scalar {
    func simpleReturn(_ i: Int) -> L {
      let price = growth[asset + i] - L(repeating: 1)
      return table.paysDividends ? price + income[asset + i] : price
    }
    for i in 0..<table.assetCount {
      let scaled = L(repeating: take) * simpleReturn(i)
      for j in 0...i {
        let entry = first + place(i, j)
        state[entry] = L(repeating: keep) * state[entry] + scaled * simpleReturn(j)
      }
    }
  }

  @inlinable func covariance<L: Lanes>(state: Span<L>, into covariance: inout MutableSpan<L>)
  where L.Scalar == Scalar {
    for i in 0..<table.assetCount {
      for j in 0...i {
        covariance[i * table.assetCount + j] = state[place(i, j)]
        covariance[j * table.assetCount + i] = state[place(i, j)]
      }
    }
  }

  @inlinable func volatility<L: Lanes>(of asset: Int, state: Span<L>) -> L
  where L.Scalar == Scalar {
    state[place(asset, asset)].roots()
  }

  @inlinable func volatilityIndex<L: Lanes>(state: Span<L>) -> L where L.Scalar == Scalar {
    var index = L(repeating: 0)
    for lane in 0..<L.laneCount { index[lane: lane] = table.index[Int(state[0][lane: lane])] }
    return index
  }
}
