import Experiments
import Foundation
import Rebalancing
import Testing

@Suite struct BitsTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path

  private func task(_ name: String) throws -> RebalancingTask {
    try EnvironmentSpec(path: "\(Self.folder)/\(name).yaml").task
  }

  /// The digests that every build must give, on any vector width; `rebalance doctor --bits` prints
  /// them. They change with a specification's version only.
  static let published: [String: String] = [
    "four-asset-r1-v0":
      "e6827579cf15ffad7a277c899ca7505d284233b223c0355740e3631903165466",
    "six-asset-regimes-v0":
      "a553a91a4ca573bd17facdb1bb976682c51906aaf05d7102955193bb2c1426e6",
    "stock-bond-deposits-v0":
      "ce07133f72332d9e9a010ae31661be59d62078af7bc03e68c412e95ad89058b1",
    "stock-bond-garch-v0":
      "1198b515869a76d1f3f8f41f8ef853e30083cb549896c1cbaaee48ef29a139f0",
    "stock-bond-regimes-v0":
      "fa8c10bad58c66d94f58068b4d0191dd4215eb6abb94ca219a81d8e73eb02b66",
    "stress-correlation-v0":
      "d8d730de5c59abd981d68d35e182fa32eb3f2b56e176e5b34baf3a417f46012b",
    "stress-crash-v0":
      "98ab20ff6d7a5922369bbeeb171d744b15c698a7c4c19031fb3d2010c6eeee8e",
    "stress-rate-rise-v0":
      "39e7f0dbe5394d0c1f645c3b03d8f6802aaa6c86f6e7a1037d89159e94cef9b8",
    "stress-spread-v0":
      "5685e6e87fa6119d25bfa684c45e29ed4905a0e96a20bb95049dff06b4d32196",
    "taxable-eight-asset-v0":
      "870cf317cbf8de30651cad0525ba398f055105b8b4d42e56e5e966ab4e72cbed",
    "three-asset-myrgren-v0":
      "20d1c966c75b078750ee12eaf55c28f81cb41731082a686a8d7be8947f6cb04c",
    "two-asset-daily-v0":
      "bae727c4d57dc094258cbb85048d10803c099946b6d4b6fd115b6a28b37e4a5b",
    "two-asset-monthly-v0":
      "5077ad85f51a9dfdcfc08c300b6c044f859ccce21acdbd7ab1d454e454cfb5da",
    "us-factors-v0":
      "7b5daec46c68811632aaed36ce517afb02247e13e5284bcbf1df06c34295a20d",
    "us-stock-bond-bootstrap-v0":
      "88122febc154fbee81a0ff7fe5b34cfe4091202956357d06d3fe740b2833f4d9",
    "us-stock-bond-v0":
      "93560e70f898e13f04829b699a931bd14b5e09ee96a350d59500b7a6d140c760",
  ]

  @Test(arguments: published.keys.sorted())
  func `ten thousand steps have the published bits`(_ name: String) throws {
    #expect(BitsDigest(try task(name)).sha256 == Self.published[name])
  }

  @Test(arguments: [
    "four-asset-r1-v0", "two-asset-daily-v0", "six-asset-regimes-v0", "stock-bond-garch-v0",
    "us-stock-bond-bootstrap-v0", "us-factors-v0", "taxable-eight-asset-v0",
    "stock-bond-deposits-v0",
  ])
  func `the bits do not depend on threads and copies`(_ name: String) throws {
    let task = try task(name)
    let steps = 2_000
    let alone = BitsDigest(task, steps: steps, copies: 1)
    #expect(BitsDigest(task, steps: steps, copies: 7).sha256 == alone.sha256)
    #expect(BitsDigest(task, steps: steps, copies: 14, threads: 2).sha256 == alone.sha256)
  }

  @Test func `nor do those of ten thousand steps of 4096 copies`() throws {
    let task = try task("four-asset-r1-v0")
    let alone = BitsDigest(task, copies: 1)
    #expect(BitsDigest(task, copies: 4_096, threads: 2).sha256 == alone.sha256)
  }
}
