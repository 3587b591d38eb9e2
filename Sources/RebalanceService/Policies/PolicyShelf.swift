import Foundation
import HTTPTypes
import Synchronization

/// The policies that serve now, and why one that should does not.
///
/// A champion that cannot be loaded leaves the one before it serving; readiness then says why.
public final class PolicyShelf: Sendable {
  private struct State {
    var serving: [String: ServedPolicy] = [:]
    /// What went wrong last, by name.
    var faults: [String: String] = [:]
    /// Earlier versions that were asked for again, the latest last.
    var earlier: [ServedPolicy] = []
  }

  private let source: any PolicySource
  private let state = Mutex(State())
  /// Earlier versions that are kept in memory.
  private static let earlierLimit = 8

  public init(_ source: any PolicySource) {
    self.source = source
    refresh()
  }

  /// Loads the champions that are not serving yet.
  ///
  /// - Returns: the names whose serving version has changed.
  @discardableResult
  public func refresh() -> [String] {
    let names: [String]
    do { names = try source.names() } catch {
      state.withLock { $0.faults[""] = source.words(for: error) }
      return []
    }
    state.withLock { $0.faults[""] = names.isEmpty ? "no policy is there yet" : nil }
    return names.filter(refresh)
  }

  private func refresh(_ name: String) -> Bool {
    do {
      guard let version = try source.champion(of: name) else { return false }
      let isServing = state.withLock { $0.serving[name]?.identity.version == version }
      let policy = isServing ? nil : try source.load(name, version: version)
      state.withLock {
        $0.faults[name] = nil
        if let policy { $0.serving[name] = policy }
      }
      return !isServing
    } catch {
      state.withLock { $0.faults[name] = source.words(for: error) }
      return false
    }
  }

  /// The serving policy of a name; of the only one there is, if none is given.
  func serving(_ name: String?) throws(Problem) -> ServedPolicy {
    let all = state.withLock { $0.serving }
    if let name {
      if let policy = all[name] { return policy }
      throw Problem(.notFound, "policy: no policy of this name is serving, see /v1/policies")
    }
    if all.count == 1, let policy = all.values.first { return policy }
    if all.isEmpty { throw Problem.unavailable("no policy is serving", reason: "no_policy") }
    throw Problem.invalidInput(
      "policy: \(all.count) policies are serving, say which: \(all.keys.sorted().joined(separator: ", "))"
    )
  }

  /// The policy of an identity, whether or not it still serves.
  func policy(_ identity: PolicyIdentity) throws(Problem) -> ServedPolicy {
    let known = state.withLock { state in
      (Array(state.serving.values) + state.earlier).first { $0.identity == identity }
    }
    if let known { return known }
    let loaded: ServedPolicy
    do { loaded = try source.load(identity.name, version: identity.version) } catch {
      throw Problem(
        .conflict, "the policy that decided cannot be loaded: \(source.words(for: error))",
        reason: "policy_gone")
    }
    guard loaded.identity == identity else {
      throw Problem(
        .conflict, "\(identity.name) \(identity.version) has other weights now",
        reason: "policy_changed")
    }
    state.withLock { state in
      state.earlier.append(loaded)
      if state.earlier.count > Self.earlierLimit { state.earlier.removeFirst() }
    }
    return loaded
  }

  /// Makes a version champion and lets it serve.
  func promote(_ name: String, version: String) throws(Problem) -> ServedPolicy {
    do {
      guard try source.names().contains(name) else { throw Problem(.notFound, "no such policy") }
      // Loaded before it is chosen: a version that cannot serve does not become champion.
      let policy = try source.load(name, version: version)
      try source.promote(name, version: version)
      state.withLock {
        $0.serving[name] = policy
        $0.faults[name] = nil
      }
      return policy
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.conflict, source.words(for: error), reason: "not_promoted")
    }
  }

  /// Why some policy that should serve does not; empty: all are ready.
  var faults: [String] {
    state.withLock { state in
      var faults = state.faults.sorted { $0.key < $1.key }.map {
        $0.key.isEmpty ? $0.value : "\($0.key): \($0.value)"
      }
      if state.serving.isEmpty, faults.isEmpty { faults.append("no policy has a champion") }
      return faults
    }
  }

  /// What `/v1/policies` shows.
  var listing: [PolicyListing] {
    let (serving, faults) = state.withLock { ($0.serving, $0.faults) }
    let names = Set((try? source.names()) ?? []).union(serving.keys)
    return names.sorted().map { name in
      PolicyListing(
        name: name, serving: serving[name]?.identity,
        versions: (try? source.versions(of: name)) ?? [],
        champion: (try? source.champion(of: name)) ?? nil,
        challenger: (try? source.challenger(of: name)) ?? nil, fault: faults[name])
    }
  }
}

/// A policy as `/v1/policies` shows it.
struct PolicyListing: Encodable {
  var name: String
  /// Who answers now.
  var serving: PolicyIdentity?
  var versions: [String]
  /// The version that is to serve.
  var champion: String?
  /// The version that is watched beside it, and never answers.
  var challenger: String?
  /// Why the champion does not serve.
  var fault: String?
}
