/// Where the tax lots of a group of portfolios lie in its flat slice of numbers.
///
/// A slice holds, asset after asset: the lots, newest first; the recent loss sales, newest first;
/// four numbers of the asset; and behind the last asset, rows that operations compute in. A lot
/// takes one number per field, a number being one `L` of as many lanes as there are portfolios.
public struct LotLayout: Sendable, Hashable {
  /// Number of assets.
  public let assets: Int
  /// Slots for lots per asset, 3 or more.
  public let lotsPerAsset: Int
  /// Slots for loss sales per asset that a later purchase may still wash, 2 or more.
  public let lossSalesPerAsset: Int
  /// Whether an asset may be held as a second, similar security.
  public let hasSubstitutes: Bool

  public init(
    assets: Int, lotsPerAsset: Int = 8, lossSalesPerAsset: Int = 4, hasSubstitutes: Bool = false
  ) {
    precondition(assets > 0, "\(assets) assets: at least 1 is needed")
    precondition(lotsPerAsset >= 3, "\(lotsPerAsset) lots per asset: at least 3 are needed")
    precondition(lossSalesPerAsset >= 2, "\(lossSalesPerAsset) loss sales: at least 2 are needed")
    self.assets = assets
    self.lotsPerAsset = lotsPerAsset
    self.lossSalesPerAsset = lossSalesPerAsset
    self.hasSubstitutes = hasSubstitutes
    lotFields = hasSubstitutes ? 6 : 5
    saleFields = hasSubstitutes ? 6 : 5
    lossSales = lotsPerAsset * lotFields
    assetNumbers = lossSales + lossSalesPerAsset * saleFields
    stride = assetNumbers + 4
  }

  private let lotFields: Int
  private let saleFields: Int
  /// Offsets within an asset.
  private let lossSales: Int
  private let assetNumbers: Int
  /// Numbers of an asset.
  private let stride: Int

  /// Numbers in a slice.
  public var count: Int { scratch(.soldSecurity, 0) + lotsPerAsset }

  /// Offset of a lot's first field.
  @inline(__always) func lot(_ asset: Int, _ slot: Int) -> Int {
    asset &* stride &+ slot &* lotFields
  }

  /// Offset of a loss sale's first field.
  @inline(__always) func lossSale(_ asset: Int, _ slot: Int) -> Int {
    asset &* stride &+ lossSales &+ slot &* saleFields
  }

  /// Offset of a number that an asset has once.
  @inline(__always) func number(_ name: AssetNumber, of asset: Int) -> Int {
    asset &* stride &+ assetNumbers &+ name.rawValue
  }

  /// Offset of a row to compute in, one per lot.
  @inline(__always) func scratch(_ row: Scratch, _ slot: Int) -> Int {
    assets &* stride &+ row.rawValue &* lotsPerAsset &+ slot
  }

  /// What is kept once per asset.
  enum AssetNumber: Int {
    /// The security that purchases go to: 0 the asset, 1 its substitute.
    case securityInUse
    /// The day since which it is in use.
    case inUseSince
    /// How often two lots or two loss sales had to be merged since the episode's start.
    case merges
    /// No lot has a higher basis per unit; what says at once that nothing is at a loss.
    case highestUnitBasis
  }

  /// What operations compute per lot.
  enum Scratch: Int {
    /// What the order of sale sorts by, ascending.
    case key
    /// Units that are sold before the lot's.
    case ahead
    /// Units of the lot, in units of the asset.
    case amount
    /// Units that the sale under way takes from the lot; later, what of them is sold at a loss.
    case sold
    /// Loss per unit of what is sold.
    case unitLoss
    /// Day of purchase of what is sold.
    case acquired
    /// Day from which the holding period of what is sold counts.
    case heldFrom
    /// Security of what is sold.
    case soldSecurity
  }
}
