import Deployment
import Foundation
import Testing

@Suite struct RegistryCommandTests {
  /// A registry with a version of the trained bundle.
  private func registry(_ work: Workplace) throws -> String {
    let folder = work.path("policies")
    let added = try rebalance(
      "registry", "add", Trained.shared.get().bundle, "--registry", folder)
    #expect(added.status == 0, "\(added.errors)")
    return folder
  }

  @Test func `adds a bundle once, lists it, and says what it lacks to be champion`() throws {
    let work = try Workplace()
    let folder = try registry(work)
    let again = try rebalance(
      "registry", "add", Trained.shared.get().bundle, "--registry", folder, "--json")
    #expect(try again.json()["is_new"] as? Bool == false)
    let list = try JSONSerialization.jsonObject(
      with: Data(rebalance("registry", "list", "--registry", folder, "--json").output.utf8))
    let first = try #require((list as? [[String: Any]])?.first)
    #expect(first["versions"] as? [String] == ["1.0.0"])
    #expect(first["champion"] == nil)
    let refused = try rebalance(
      "registry", "promote", "checkpoint", "1.0.0", "--registry", folder)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("shadow: there is no shadow report; give one with --shadow"))
    let shown = try rebalance(
      "registry", "show", "checkpoint", "1.0.0", "--registry", folder, "--json"
    ).json()
    let checks = try #require(shown["checks"] as? [[String: Any]])
    #expect(checks.map { $0["condition"] as? String } == ["conformance", "evaluation", "shadow"])
    #expect(checks[0]["is_met"] as? Bool == true && checks[2]["is_met"] as? Bool == false)
  }

  @Test func `decides by an alias as by the bundle, and says where there is none`() throws {
    let work = try Workplace()
    let folder = try registry(work)
    let promoted = try rebalance(
      "registry", "promote", "checkpoint", "1.0.0", "--challenger", "--registry", folder)
    #expect(promoted.output == "checkpoint 1.0.0 is challenger\n")
    let request = try Workplace.text("Tests/CommandLineTests/request.json")
    let alias = try rebalance(
      "decide", "--policy", "\(folder)/checkpoint/challenger", input: request)
    let bundle = try rebalance(
      "decide", "--policy", Trained.shared.get().bundle, input: request)
    #expect(alias.status == 0 && alias.output == bundle.output)
    let rollback = try rebalance("registry", "rollback", "checkpoint", "--registry", folder)
    #expect(rollback.status == 65)
    #expect(rollback.errors.contains("checkpoint has no champion to roll back from"))
    let other = try rebalance("registry", "show", "other", "--registry", folder)
    #expect(other.status == 65 && other.errors.contains("there are checkpoint"))
  }

  @Test func `answers in the shell with the bytes of the process`() throws {
    let folder = URL(fileURLWithPath: try Trained.shared.get().bundle)
    let request = try Workplace.text("Tests/CommandLineTests/request.json")
    let bundle = try PolicyBundle.load(folder).bundle
    let here = try bundle.decide(request: Data(request.utf8)).encoded()
    let shell = try rebalance("decide", "--policy", folder.path, input: request)
    #expect(shell.output == String(decoding: here, as: UTF8.self) + "\n")
    let line = request.replacingOccurrences(of: "\n", with: " ") + "\n"
    let stream = try rebalance("decide", "--policy", folder.path, "--stream", input: line)
    #expect(stream.output == shell.output)
  }
}
