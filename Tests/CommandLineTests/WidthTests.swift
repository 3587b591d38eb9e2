import Foundation
import Testing

@Suite struct WidthTests {
  @Test func `tables that people read in a terminal fit into 80 columns`() throws {
    let work = try Workplace()
    let folder = work.path("policies")
    let bundle = try Trained.shared.get().bundle
    #expect(try rebalance("registry", "add", bundle, "--registry", folder).status == 0)
    let report = work.path("shadow.json")
    let shadow = try rebalance(
      "shadow", "--env", "two-asset-monthly-v0", "--champion", "rule:calendar(quarterly)",
      "--challenger", bundle, "--episodes", "2", "--out", report)
    #expect(shadow.status == 0, "\(shadow.errors)")
    let shown = try rebalance(
      "registry", "show", "checkpoint", "1.0.0", "--registry", folder, "--shadow", report)
    #expect(shown.output.contains("requests on two-asset-monthly-v0"), "\(shown.output)")
    let listed = try rebalance("list", "experiments")
    #expect(listed.output.contains("experiments/001-two-asset\n    "))
    for output in [shown.output, listed.output, shadow.output.replacing(report, with: "")] {
      #expect(!output.isEmpty)
      for line in output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }
  }
}
