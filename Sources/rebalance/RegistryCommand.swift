import ArgumentParser
import Deployment
import Experiments
import Foundation

struct RegistryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "registry",
    abstract: "Keep bundles by name and version, and say which one serves.",
    discussion: """
      Example: rebalance registry add checkpoints/001-two-asset/bundle

      A registry is a folder, policies unless --registry names another: policies/NAME/VERSION/ for \
      bundles, which never change, and the links champion and challenger. A bundle in it is named \
      like any other: --policy policies/NAME/champion.
      """,
    subcommands: [Add.self, Listing.self, Show.self, Promote.self, Rollback.self])

  struct Folder: ParsableArguments {
    @Option(help: "The registry's folder.")
    var registry = "policies"

    @OptionGroup var trust: TrustOptions

    @Flag(help: "Print a JSON document.")
    var json = false

    func policies() throws -> PolicyRegistry {
      PolicyRegistry(URL(fileURLWithPath: registry), trusting: try trust.keys)
    }
  }
}

extension RegistryCommand {
  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a bundle and add it under its name and version.",
      discussion: "Example: rebalance registry add checkpoints/001-two-asset/bundle")

    @Argument(help: "The bundle's folder.")
    var bundle: String

    @OptionGroup var folder: Folder

    func run() throws {
      let added = try folder.policies().add(URL(fileURLWithPath: bundle))
      if folder.json { return try printJSON(added) }
      print("\(added.name) \(added.version): \(added.isNew ? "added" : "was there already")")
    }
  }

  struct Listing: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List policies, their versions and aliases.",
      discussion: "Example: rebalance registry list")

    @OptionGroup var folder: Folder

    func run() throws {
      let registry = try folder.policies()
      let policies = try registry.names().map { try Policy($0, in: registry) }
      if folder.json { return try printJSON(policies) }
      var table = TextTable(["policy", "champion", "challenger", "versions"])
      for policy in policies {
        table.add([
          policy.name, policy.champion ?? "–", policy.challenger ?? "–",
          policy.versions.joined(separator: " "),
        ])
      }
      print(policies.isEmpty ? "no policies in \(folder.registry)" : table.text)
    }
  }

  /// A policy of a registry.
  struct Policy: Encodable {
    var name: String
    var champion: String?
    var challenger: String?
    var versions: [String]

    init(_ name: String, in registry: PolicyRegistry) throws {
      self.name = name
      champion = try registry.version(of: name, .champion)
      challenger = try registry.version(of: name, .challenger)
      versions = try registry.versions(of: name)
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what a version meets of the conditions for a champion.",
      discussion: "Example: rebalance registry show steps 1.1.0")

    @Argument(help: "The policy's name.")
    var name: String

    @Argument(help: "champion, challenger or a version.")
    var version = "champion"

    @Option(help: "A shadow report to judge it by; that of its last promotion if absent.")
    var shadow: String?

    @OptionGroup var folder: Folder

    struct Document: Encodable {
      var name: String
      var version: String
      var aliases: [String]
      var checks: [PromotionCheck]
    }

    func run() throws {
      let policies = try folder.policies()
      guard let version = try policies.version(of: name, .init(version)) else {
        throw ValidationError("\(name) has no \(version) yet")
      }
      let document = Document(
        name: name, version: version,
        aliases: try [PolicyRegistry.Alias.champion, .challenger].filter {
          try policies.version(of: name, $0) == version
        }.map(\.description),
        checks: try policies.checks(name, version: version, shadow: try file(shadow)))
      if folder.json { return try printJSON(document) }
      print(([name, version] + document.aliases).joined(separator: " "))
      print(text(document.checks))
    }
  }

  struct Promote: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a version the champion, if it meets every condition.",
      discussion: """
        Example: rebalance registry promote steps 1.1.0 --shadow shadow.json

        Conditions: the bundle passes all its checks; its evaluation.json is of its weights where they \
        were trained, and the interval of what it saves against the best rule lies above zero; a \
        shadow report of it on the environment that it was trained on is given, or was before, and does \
        not say that in charge it costs more. Reports are kept under their SHA-256. With --challenger it is watched beside the champion instead, for which \
        the checks of the bundle suffice.
        """)

    @Argument(help: "The policy's name.")
    var name: String

    @Argument(help: "The version.")
    var version: String

    @Option(help: "The shadow report, which is kept as evidence.")
    var shadow: String?

    @Flag(help: "Make it the challenger.")
    var challenger = false

    @OptionGroup var folder: Folder

    func run() throws {
      if challenger, shadow != nil { throw ValidationError("a challenger needs no --shadow") }
      let promotion =
        challenger
        ? try folder.policies().challenge(name, version: version)
        : try folder.policies().promote(name, version: version, shadow: try file(shadow))
      try show(promotion, as: challenger ? "challenger" : "champion", json: folder.json)
    }
  }

  struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the champion before the present one champion again.",
      discussion: "Example: rebalance registry rollback steps")

    @Argument(help: "The policy's name.")
    var name: String

    @OptionGroup var folder: Folder

    func run() throws {
      try show(try folder.policies().rollback(name), as: "champion", json: folder.json)
    }
  }
}

/// The bytes of a file that an option names.
private func file(_ path: String?) throws -> Data? {
  guard let path else { return nil }
  guard let data = FileManager.default.contents(atPath: path) else {
    throw ValidationError("\(path): there is no such file")
  }
  return data
}

/// Each condition, and below it what was found.
private func text(_ checks: [PromotionCheck]) -> String {
  checks.flatMap { check in
    ["\(check.condition.rawValue): \(check.isMet ? "met" : "not met")"]
      + check.finding.wrapped(indent: 4)
  }.joined(separator: "\n")
}

private func show(_ promotion: PolicyRegistry.Promotion, as alias: String, json: Bool) throws {
  if json { return try printJSON(promotion) }
  if !promotion.checks.isEmpty { print(text(promotion.checks)) }
  let before =
    promotion.previous == promotion.version
    ? ", as before" : promotion.previous.map { "; before it was \($0)" } ?? ""
  print("\(promotion.name) \(promotion.version) is \(alias)\(before)")
}
