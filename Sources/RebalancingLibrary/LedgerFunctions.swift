// Functions are named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRebalancing
import Experiments
import Ledgers

/// What `rebalancing_ledger` stands for.
final class LedgerHandle {
  var ledger: Ledger
  init(_ ledger: Ledger) { self.ledger = ledger }
}

/// What `rebalancing_ledger_create` takes.
private struct LedgerRequest: Decodable {
  var identical: [[String]]?

  static let keys = ["identical"]

  /// The name of the group of each asset that is identical with another.
  func groups() throws -> [String: String] {
    var groups: [String: String] = [:]
    for assets in identical ?? [] {
      guard assets.count > 1, !assets.contains("") else {
        throw UsageError("identical holds \(assets); two or more assets are needed")
      }
      for asset in assets {
        guard groups.updateValue(assets.joined(separator: ","), forKey: asset) == nil else {
          throw UsageError("identical names \(asset) twice")
        }
      }
    }
    return groups
  }
}

/// What `rebalancing_ledger_trade` takes.
private struct TradeRequest: Decodable {
  var day: String
  var fills: [Trade]

  static let keys = ["day", "fills"]

  struct Trade: Decodable {
    var side: String
    var asset: String
    var units: Double
    var price: Double
    var fee: Double?
    var account: String?
    var kind: String?
    var selection: String?
    var lot: Int?

    func fill() throws -> Fill {
      guard let kind = Account.Kind(rawValue: kind ?? "taxable") else {
        throw UsageError("kind is \(kind ?? ""), valid are taxable, ira")
      }
      guard !asset.isEmpty else { throw UsageError("an asset has no name") }
      return Fill(
        try direction(), units: units, of: asset, at: price, fee: fee ?? 0,
        in: Account(account ?? "taxable", kind))
    }

    private func direction() throws -> Fill.Side {
      switch side {
      case "buy":
        guard lot == nil, selection == nil else {
          throw UsageError("a purchase of \(asset) names a lot; it opens a new one")
        }
        return .buy
      case "sell": return .sell(try lots())
      default: throw UsageError("side is \(side), valid are buy, sell")
      }
    }

    private func lots() throws -> LotSelection {
      let name = selection ?? (lot == nil ? "fifo" : "specific")
      switch (LotSelectionName(rawValue: name), lot) {
      case (.specific, .some(let lot)): return .specific(lot: lot)
      case (.specific, nil): throw UsageError("a sale of \(asset) by specific lots names no lot")
      case (.some(.minimumTax), _), (nil, _):
        let valid = LotSelectionName.allCases.filter { $0 != .minimumTax }.map(\.rawValue)
        throw UsageError("selection is \(name), valid are \(valid.joined(separator: ", "))")
      case (.some(let selection), nil): return selection.rule(.init(shortTerm: 0, longTerm: 0))
      case (.some, .some):
        throw UsageError("a sale of \(asset) names a lot, but lots are chosen by \(name)")
      }
    }
  }
}

/// What `rebalancing_ledger_describe` takes.
private struct RatesRequest: Decodable {
  var shortTerm: Double?
  var longTerm: Double?
  var lossLimit: Double?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case shortTerm = "short_term_rate"
    case longTerm = "long_term_rate"
    case lossLimit = "loss_limit"
  }

  func document(of ledger: Ledger) throws -> LedgerDocument {
    let (short, long) = (shortTerm ?? 0.35, longTerm ?? 0.15)
    let limit = lossLimit ?? CapitalNetting.ordinaryIncomeLimit
    for rate in [short, long] where !(0...1).contains(rate) {
      throw UsageError("a rate of \(rate); rates are fractions from 0 to 1")
    }
    guard limit.isFinite, limit >= 0 else {
      throw UsageError("loss_limit is \(limit); an amount of at least 0 is needed")
    }
    let returns = ledger.taxReturns(
      through: ledger.lastDay?.year ?? 0, rates: TaxRates(shortTerm: short, longTerm: long),
      limit: limit)
    return LedgerDocument(ledger, returns)
  }
}

@c @implementation
public func rebalancing_ledger_create(
  _ request: UnsafePointer<CChar>?, _ ledger: UnsafeMutablePointer<OpaquePointer?>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    guard let ledger = unsafe ledger else {
      throw UsageError("there is no place for the ledger")
    }
    let request = try unsafe decoded(request, as: LedgerRequest.self, keys: LedgerRequest.keys)
    let new = Ledger(identical: try request.groups())
    unsafe ledger.pointee = unsafe Handle.make(LedgerHandle(new))
  }
}

@c @implementation
public func rebalancing_ledger_free(_ ledger: OpaquePointer?) {
  unsafe Handle.free(ledger, as: LedgerHandle.self)
}

@c @implementation
public func rebalancing_ledger_trade(
  _ ledger: OpaquePointer?, _ request: UnsafePointer<CChar>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    let handle = try unsafe Handle.object(ledger, as: LedgerHandle.self)
    let request = try unsafe decoded(request, as: TradeRequest.self, keys: TradeRequest.keys)
    guard let day = Day(iso: request.day) else {
      throw UsageError("day is \(request.day); a date such as 2024-03-15 is valid")
    }
    let fills = try request.fills.map { try $0.fill() }
    do throws(LedgerError) { try handle.ledger.trade(fills, on: day) } catch {
      throw UsageError("fill \(error.fill): \(error)")
    }
  }
}

@c @implementation
public func rebalancing_ledger_describe(
  _ ledger: OpaquePointer?, _ request: UnsafePointer<CChar>?,
  _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    let handle = try unsafe Handle.object(ledger, as: LedgerHandle.self)
    let keys = RatesRequest.CodingKeys.allCases.map(\.rawValue)
    let request = try unsafe decoded(request, as: RatesRequest.self, keys: keys)
    try unsafe give(try json(request.document(of: handle.ledger)), to: text)
  }
}
