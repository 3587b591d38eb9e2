public import Foundation
import Learning
import Rebalancing

extension PolicyBundle {
  /// Reads a bundle and checks everything in it.
  ///
  /// - Parameter keys: where there are any, a signature by one of them is needed.
  /// - Returns: the bundle, and how many conformance vectors it has met.
  public static func load(
    _ folder: URL, trusting keys: [VerifyingKey] = []
  ) throws(BundleError) -> (bundle: PolicyBundle, vectors: Int) {
    try load(BundleFiles(folder: folder), trusting: keys)
  }

  /// Checks files that have been read.
  package static func load(
    _ files: BundleFiles, trusting keys: [VerifyingKey] = []
  ) throws(BundleError) -> (bundle: PolicyBundle, vectors: Int) {
    let manifest: Manifest = try files.decoded(BundleFiles.manifestName)
    try check(manifest)
    try checkSeal(manifest, files)
    let signer = try ManifestSignature.check(files, trusting: keys)
    try checkDigests(manifest, files)
    let schema: FeatureSchema = try files.decoded(schemaName)
    let policy = try policy(files)
    let evaluation = try evaluation(files, manifest)
    try checkGraph(files, manifest)
    let facts = try facts(files, assets: schema.assets)
    let attachments = files.contents.filter { attachmentNames.contains($0.key) }
    var bundle: PolicyBundle
    do throws(PolicyMismatch) {
      bundle = try PolicyBundle(
        manifest: manifest, schema: schema, policy: policy, evaluation: evaluation,
        facts: facts, signer: signer, attachments: attachments)
    } catch {
      throw BundleError(file: schemaName, problem: error.description)
    }
    if attachments[guardsName] != nil {
      let guards: GuardSettings = try files.decoded(guardsName)
      do throws(PolicyMismatch) { try bundle.take(guards) } catch {
        throw BundleError(file: guardsName, problem: error.description)
      }
    }
    return (bundle, try bundle.replay(files.data(conformanceName)))
  }

  private static func check(_ manifest: Manifest) throws(BundleError) {
    func refuse(_ problem: String) -> BundleError {
      BundleError(file: BundleFiles.manifestName, problem: problem)
    }
    guard manifest.format == "rebalancing-policy", manifest.formatVersion == 1 else {
      throw refuse(
        "format \(manifest.format) \(manifest.formatVersion), rebalancing-policy 1 is known")
    }
    let isList = manifest.actionFamily ?? .list == .list
    guard isList ? manifest.actions.first == 0 : manifest.actions.isEmpty,
      manifest.actions.allSatisfy({ (0...1).contains($0) })
    else {
      throw refuse("actions \(manifest.actions): fractions, the first 0, are valid")
    }
    let names = Set(manifest.files.keys)
    guard names.isSuperset(of: BundleFiles.required),
      names.isSubset(of: BundleFiles.required + BundleFiles.optional)
    else {
      throw refuse(
        "lists \(names.sorted()); a bundle has \(BundleFiles.required) and may have "
          + "\(BundleFiles.optional)")
    }
  }

  private static func checkSeal(_ manifest: Manifest, _ files: BundleFiles) throws(BundleError) {
    let name = BundleFiles.manifestName
    let blank = replacing(manifest.sha256, by: blankDigest, in: try files.data(name))
    try check(sha256(blank), manifest.sha256, name)
  }

  private static func checkDigests(_ manifest: Manifest, _ files: BundleFiles) throws(BundleError) {
    for (name, digest) in manifest.files.sorted(by: { $0.key < $1.key }) {
      try check(sha256(try files.data(name)), digest, name)
    }
    let known = [BundleFiles.manifestName, BundleFiles.signatureName]
    let others = files.contents.keys.filter {
      !known.contains($0) && manifest.files[$0] == nil
    }
    if let other = others.min() {
      throw BundleError(file: other, problem: "the manifest does not list it")
    }
  }

  private static func check(
    _ found: String, _ expected: String, _ file: String
  ) throws(BundleError) {
    guard found == expected else {
      throw BundleError(file: file, problem: "SHA-256 is \(found), the manifest says \(expected)")
    }
  }

  private static func policy(_ files: BundleFiles) throws(BundleError) -> LearnedPolicy {
    let data = try files.data(policyName)
    do { return try LearnedPolicy(Safetensors(decoding: Array(data))) } catch {
      throw BundleError(file: policyName, problem: "\(error)")
    }
  }

  private static func evaluation(
    _ files: BundleFiles, _ manifest: Manifest
  ) throws(BundleError) -> EvaluationRecord? {
    let name = EvaluationRecord.fileName
    guard files.contents[name] != nil else { return nil }
    let record: EvaluationRecord = try files.decoded(name)
    do throws(EvaluationError) {
      try record.check(policyDigest: manifest.policyDigest, trainedOn: manifest.environment)
    } catch {
      throw BundleError(file: name, problem: error.description)
    }
    return record
  }

  private static func facts(
    _ files: BundleFiles, assets: [String]
  ) throws(BundleError) -> SnapshotFacts? {
    let name = FactConstants.fileName
    guard let data = files.contents[name] else { return nil }
    let constants: FactConstants
    do { constants = try FactConstants(decoding: data) } catch {
      throw BundleError(file: name, problem: problem(in: data, error))
    }
    guard constants.assets == assets else {
      throw BundleError(
        file: name, problem: "the assets are \(constants.assets), those of the schema \(assets)")
    }
    do { return try SnapshotFacts(constants) } catch {
      throw BundleError(file: name, problem: error.description)
    }
  }

  /// The graph must be of the same weights.
  private static func checkGraph(_ files: BundleFiles, _ manifest: Manifest) throws(BundleError) {
    guard let data = files.contents[graphName] else { return }
    let graph: PolicyGraph
    do { graph = try PolicyGraph(decoding: data) } catch {
      throw BundleError(file: graphName, problem: "not a graph: \(error)")
    }
    let digest = graph.words["policy_sha256"] ?? "missing"
    guard digest == manifest.policyDigest else {
      throw BundleError(
        file: graphName,
        problem: "it is of the weights \(digest), the manifest's are \(manifest.policyDigest)")
    }
  }

  private func replay(_ data: Data) throws(BundleError) -> Int {
    let lines = data.split(separator: UInt8(ascii: "\n"))
    guard lines.count >= 2000 else {
      throw BundleError(
        file: Self.conformanceName, problem: "\(lines.count) vectors, at least 2000 are needed")
    }
    let decoder = JSONDecoder()
    for (number, line) in lines.enumerated() {
      let vector: ConformanceVector
      do { vector = try decoder.decode(ConformanceVector.self, from: line) } catch {
        throw BundleError(
          file: Self.conformanceName, problem: "line \(number + 1): \(problem(in: line, error))")
      }
      guard vector.isMet(by: policy) else {
        throw BundleError(
          file: Self.conformanceName, problem: "line \(number + 1) is not what the policy answers")
      }
    }
    return lines.count
  }
}
