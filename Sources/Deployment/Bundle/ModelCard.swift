import Foundation

/// `MODEL_CARD.md`: what a policy is for, how it was measured, and where it fails; every figure is of
/// the records.
struct ModelCard {
  let identity: PolicyBundle.Identity
  let schema: FeatureSchema
  let policyDigest: String
  let evaluation: EvaluationRecord?

  init(
    _ identity: PolicyBundle.Identity, _ schema: FeatureSchema, policyDigest: String,
    evaluation: EvaluationRecord?
  ) {
    self.identity = identity
    self.schema = schema
    self.policyDigest = policyDigest
    self.evaluation = evaluation
  }

  /// The card in Markdown.
  var text: String {
    var paragraphs = [title]
    if let evaluation {
      paragraphs += [
        task(evaluation), data(evaluation), result(evaluation), exact(evaluation),
        failures(evaluation),
      ]
    } else {
      paragraphs.append(
        "## Not evaluated\n\nThis policy was exported without an evaluation record: nothing is known of "
          + "how it compares with any rule.")
    }
    paragraphs += [features, limits, provenance]
    return paragraphs.joined(separator: "\n\n") + "\n"
  }

  private var title: String {
    """
    # \(identity.name) \(identity.version)

    When and how far to rebalance \(schema.assets.joined(separator: ", ")): a policy trained on \
    \(identity.environment.id). SHA-256 of its weights: `\(policyDigest)`.
    """
  }

  private func task(_ record: EvaluationRecord) -> String {
    "## Task\n\n"
      + record.task.map { "- **\($0.about)**: \($0.text)" }.joined(separator: "\n")
  }

  private func data(_ record: EvaluationRecord) -> String {
    let isSame = record.environment == record.trainedOn
    let place =
      isSame
      ? "the environment that it was trained on, on paths of a seed of their own"
      : "\(record.environment.id); trained on \(record.trainedOn.id)"
    let sample = record.paths.sample == "episode" ? "episodes" : "calendar years"
    return """
      ## Data

      Scored on \(place): \(record.paths.count) \(sample) from \(record.paths.firstDate) to \
      \(record.paths.lastDate), seed \(record.paths.seed).
      """
  }

  private func result(_ record: EvaluationRecord) -> String {
    let score = record.policy
    let rows = record.rules.map { rule in
      "| \(rule.name) | \(rule.cost.figure) | \(rule.saving.mean.figure) | "
        + "\(rule.saving.low.figure) to \(rule.saving.high.figure) | "
        + "\((rule.cheaperShare * 100).figure) |"
    }
    return """
      ## Against rules

      The policy costs \(score.cost.figure) bp a year: transaction \(score.transaction.figure), tax \
      \(score.tax.figure), drift \(score.drift.figure); turnover \((score.turnover * 100).figure) %, \
      \(score.trades.figure) trades a year. Saving is the rule's cost less the policy's on the same \
      paths; intervals are of 95 %.

      | rule | cost bp | saving bp | interval | cheaper on % |
      |---|---|---|---|---|
      \(rows.joined(separator: "\n"))

      The best rule on these paths is \(record.bestRule.name). \(verdict(record.bestRule))\
      \(record.leftOut.isEmpty ? "" : "\n\n" + leftOut(record))
      """
  }

  private func verdict(_ best: EvaluationRecord.Comparison) -> String {
    if best.saving.low > 0 { return "The policy is cheaper than it." }
    if best.saving.high < 0 { return "The policy is dearer than it." }
    return "Between it and the policy these paths do not decide."
  }

  private func leftOut(_ record: EvaluationRecord) -> String {
    "Not played: "
      + record.leftOut.map { "\($0.name) (\($0.reason))" }.joined(separator: "; ") + "."
  }

  private func exact(_ record: EvaluationRecord) -> String {
    guard let exact = record.exact else {
      return "## Exact gap\n\nThis task is not solved exactly; there is no gap to an optimum."
    }
    let rows = exact.gaps.map { gap in
      "| \(gap.name) | \(gap.percent?.figure ?? "–") | \(gap.against ?? gap.reason ?? "–") |"
    }
    return """
      ## Exact gap

      The optimum costs \(exact.ownActions.figure) bp a year over the policy's actions, \
      \(exact.unrestricted.figure) over all.

      | policy | gap % | against |
      |---|---|---|
      \(rows.joined(separator: "\n"))
      """
  }

  private func failures(_ record: EvaluationRecord) -> String {
    let worst = record.failures.worst.map { "\($0.sample) (\($0.saving.figure) bp a year)" }
    let sample = record.paths.sample == "episode" ? "episodes" : "calendar years, from 0,"
    return """
      ## Failure cases

      On \((record.failures.worseShare * 100).figure) % of the samples the best rule is cheaper. Worst \
      against it: \(sample) \(worst.joined(separator: ", ")). `rebalance simulate` plays an episode by \
      its seed and number.
      """
  }

  private var features: String {
    let rows = schema.columns.map {
      "| \($0.name) | \($0.unit) | \($0.trainingMean.figure) | \($0.trainingDeviation.figure) |"
    }
    return """
      ## Features

      | feature | unit | training mean | deviation |
      |---|---|---|---|
      \(rows.joined(separator: "\n"))
      """
  }

  private var limits: String {
    var limits = [
      "For these assets in this order, and for costs and taxes as above; other costs move the best edges.",
      "What is far from the training moments above was not learned; a guard should hand it to a rule.",
      "Costs are of a model of trading: they hold no price impact but what the task says.",
    ]
    if let evaluation, evaluation.environment == evaluation.trainedOn {
      limits.append(
        "It was scored where it was trained: on replayed data that flatters it, on a model it says "
          + "nothing of markets unlike the model.")
    }
    if evaluation == nil { limits.append("Nothing was measured.") }
    return "## Limits\n\n" + limits.map { "- \($0)" }.joined(separator: "\n")
  }

  private var provenance: String {
    let lines = identity.provenance.sorted { $0.key < $1.key }.map { "- \($0): `\($1)`" }
    return (["## Provenance\n", "- environment: `\(identity.environment.sha256)`"] + lines)
      .joined(separator: "\n")
  }
}

extension Double {
  /// Three significant digits, or as many as stand before the point.
  fileprivate var figure: String {
    guard isFinite, self != 0 else { return self == 0 ? "0" : "–" }
    let digits = Swift.max(0, 2 - Int(floor(log10(abs(self)))))
    return String(format: "%.\(min(digits, 9))f", self)
  }
}
