import Markets

extension PortfolioSnapshot {
  /// Fields that there are not are refused at every depth; holdings may be left out where units and
  /// prices say them.
  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func part<Part: Decodable>(_ key: CodingKeys) throws -> Part? {
      try fields.decodeIfPresent(Part.self, forKey: key)
    }
    let (units, prices): ([Double]?, [Double]?) = (try part(.units), try part(.prices))
    self.init(
      date: try fields.decode(CalendarDate.self, forKey: .date),
      assets: try fields.decode([String].self, forKey: .assets),
      holdings: try part(.holdings) ?? Self.holdings(units, prices, decoder),
      targets: try fields.decode([Double].self, forKey: .targets),
      lastTrade: try part(.lastTrade), waitingSince: try part(.waitingSince),
      basis: try part(.basis), lastLogReturns: try part(.lastLogReturns), facts: try part(.facts))
    (self.units, self.prices) = (units, prices)
    previousPrices = try part(.previousPrices)
    priceDates = try part(.priceDates)
    requestedOn = try part(.requestedOn)
    controls = try part(.controls)
    lots = try fields.records(HeldLot.self, HeldLot.CodingKeys.self, forKey: .lots)
    taxPosition = try fields.record(TaxRecord.self, TaxRecord.CodingKeys.self, forKey: .taxPosition)
    {
      _ = try $0.records(OpenLossSale.self, OpenLossSale.CodingKeys.self, forKey: .lossSales)
    }
    indicators = try fields.record(
      MarketIndicators.self, MarketIndicators.CodingKeys.self, forKey: .indicators)
    observation = try part(.observation)
  }
}

extension PortfolioSnapshot {
  /// Holdings that units and prices say.
  ///
  /// - Throws: what is missing, or which of the two cannot be: a holding that nobody sent is not blamed.
  private static func holdings(
    _ units: [Double]?, _ prices: [Double]?, _ decoder: any Decoder
  ) throws -> [Double] {
    func context(_ path: [any CodingKey], _ problem: String) -> DecodingError.Context {
      .init(codingPath: decoder.codingPath + path, debugDescription: problem)
    }
    guard let units else { throw DecodingError.keyNotFound(CodingKeys.holdings, context([], "")) }
    guard let prices else { throw DecodingError.keyNotFound(CodingKeys.prices, context([], "")) }
    for (key, numbers) in [(CodingKeys.units, units), (.prices, prices)] {
      guard let i = numbers.firstIndex(where: { $0 < 0 }) else { continue }
      throw DecodingError.dataCorrupted(
        context([key, AnyKey(intValue: i)], "\(numbers[i]) is negative"))
    }
    guard let worth = worth(units, prices) else {
      throw DecodingError.dataCorrupted(
        context([CodingKeys.prices], "\(prices.count) numbers for \(units.count) units"))
    }
    return worth
  }
}

extension KeyedDecodingContainer {
  /// A record that has no other fields than its own; `nil` where it is left out.
  ///
  /// - Parameter check: looks at what is nested in it.
  fileprivate func record<Record: Decodable, Keys: CodingKey & CaseIterable>(
    _ type: Record.Type, _ keys: Keys.Type, forKey key: Key,
    check: (KeyedDecodingContainer<Keys>) throws -> Void = { _ in }
  ) throws -> Record? {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    let decoder = try superDecoder(forKey: key)
    try decoder.rejectUnknownKeys(keys)
    try check(decoder.container(keyedBy: keys))
    return try Record(from: decoder)
  }

  /// Records that have no other fields than their own; `nil` where the list is left out.
  fileprivate func records<Record: Decodable, Keys: CodingKey & CaseIterable>(
    _ type: Record.Type, _ keys: Keys.Type, forKey key: Key
  ) throws -> [Record]? {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    var list = try nestedUnkeyedContainer(forKey: key)
    var records: [Record] = []
    while !list.isAtEnd {
      let decoder = try list.superDecoder()
      try decoder.rejectUnknownKeys(keys)
      records.append(try Record(from: decoder))
    }
    return records
  }
}
