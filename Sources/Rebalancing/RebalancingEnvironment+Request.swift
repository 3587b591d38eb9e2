import Algebra
import Markets

extension RebalancingEnvironment {
  /// The snapshot as a production system would send it: units and prices, lots, tax record and
  /// indicators instead of facts.
  public var request: PortfolioSnapshot {
    var request = snapshot
    request.facts = nil
    let prices = prices.map { Double($0) }
    request.prices = prices
    request.units = zip(request.holdings, prices).map { $0 / $1 }
    request.indicators = indicators
    guard let book = account?.book else { return request }
    request.basis = nil
    request.lots = weights.indices.flatMap { lots(of: $0, in: book) }
    request.taxPosition = taxRecord(book)
    return request
  }

  /// What the market says now.
  private var indicators: MarketIndicators {
    let (path, state, count) = (path, marketState.span, weights.count)
    var said = MarketIndicators()
    said.volatilities = weights.indices.map {
      Double(market.volatility(of: $0, path, state: state))
    }
    var covariance = [Real](repeating: 0, count: count * count)
    var entries = covariance.mutableSpan
    market.covariance(path, state: state, into: &entries)
    said.covariance = (0..<count).map { i in (0..<count).map { Double(covariance[i * count + $0]) }
    }
    said.volatilityIndex = Double(facts.volatilityIndex(path, state: state))
    said.volatilityIndexBefore = Double(pastIndices.last ?? 0)
    said.trend = trends.map { Double($0) }
    if market.regimeCount > 0 {
      said.regimeProbability = (0..<market.regimeCount).map {
        Double(market.regimeProbability($0, state: state))
      }
    }
    said.spreadFactors = weights.indices.map { Double(market.spreadFactor(of: $0, path)) }
    said.tradable = weights.indices.map { market.availability(of: $0, state: state) <= 0 }
    let flow: Real = calendar.scheduledFlow(path.step)
    let steps: Real = calendar.stepsLeft(path.step)
    said.pendingFlow = Double(flow)
    said.stepsLeft = Double(steps)
    said.inflow = Double(inflow) * value
    said.initialValue = task.initialValue
    said.cappedShare = Double(cappedShare)
    return said
  }

  /// The lots of an asset, the newest first.
  private func lots(of i: Int, in book: LotBook<Real>) -> [HeldLot] {
    (0..<book.layout.lotsPerAsset).compactMap { slot in
      let slot = book.lot(i, slot, in: ledger.span)
      guard slot.units > 0 else { return nil }
      let units = Double(slot.units)
      var lot = HeldLot(
        asset: task.assets[i], units: units, basis: Double(slot.unitBasis) * units,
        acquired: CalendarDate(daysSinceEpoch: Int(slot.acquired)))
      lot.holdingFrom = CalendarDate(daysSinceEpoch: Int(slot.heldFrom))
      lot.replaced = Double(slot.replaced)
      lot.substitute = slot.security > 0
      return lot
    }
  }

  private func taxRecord(_ book: LotBook<Real>) -> TaxRecord {
    let position = TaxPosition<Real>(ledger.span, at: book.layout.count)
    var record = TaxRecord()
    record.realizedShort = Double(position.short)
    record.realizedLong = Double(position.long)
    record.carriedShort = Double(position.carriedShort)
    record.carriedLong = Double(position.carriedLong)
    record.dividends = Double(position.dividends)
    record.paid = Double(position.paid)
    record.due = Double(position.due)
    record.lossSales = weights.indices.flatMap { lossSales(of: $0, in: book) }
    record.substitutesInUse = weights.indices.filter {
      book.securityInUse($0, in: ledger.span) > 0
    }.map { task.assets[$0] }
    return record
  }

  private func lossSales(of i: Int, in book: LotBook<Real>) -> [OpenLossSale] {
    (0..<book.layout.lossSalesPerAsset).compactMap { slot in
      let sale = book.lossSale(i, slot, in: ledger.span)
      guard sale.units > 0 else { return nil }
      let units = Double(sale.units)
      var open = OpenLossSale(
        asset: task.assets[i], sold: CalendarDate(daysSinceEpoch: Int(sale.day)), units: units,
        loss: Double(sale.unitLoss) * units, daysHeld: Int(sale.daysHeld),
        longTerm: sale.isLong > 0)
      open.substitute = sale.security > 0
      return open
    }
  }
}
