import Algebra
import Learning
import Rebalancing

/// A rule with gaps: `band({band},to={to})`, and what may stand in each.
public struct RuleTemplate: Sendable, Hashable {
  let text: String
  /// Ascending.
  let names: [String]
  let parameters: [SearchParameter]
  /// The words of each choice; none for ranges.
  let choices: [[String]]

  /// Reads the keys `rule` and `ranges`: a list of two numbers is a range, one of words a choice.
  init(_ reader: inout SpecReader) throws(SpecError) {
    text = try reader.string("rule")
    guard case .map(let ranges) = try reader.value("ranges").content, !ranges.isEmpty else {
      throw reader.fault("ranges", "a map of the rule's gaps is expected")
    }
    names = ranges.keys.sorted()
    var parameters: [SearchParameter] = []
    var choices: [[String]] = []
    for name in names {
      guard text.contains("{\(name)}") else {
        throw reader.fault("ranges", "\(name) has no gap {\(name)} in the rule \(text)")
      }
      guard let range = ranges[name] else { continue }
      if let bounds = range.numbers, bounds.count == 2, bounds[0] < bounds[1] {
        parameters.append(.range(low: bounds[0], high: bounds[1]))
        choices.append([])
      } else if let words = range.words, words.count > 1 {
        parameters.append(.choice(count: words.count))
        choices.append(words)
      } else {
        throw reader.fault(
          "ranges", "\(name): two rising numbers, or several words, are expected")
      }
    }
    (self.parameters, self.choices) = (parameters, choices)
    let rest = names.reduce(text) { $0.replacing("{\($1)}", with: "") }
    if rest.contains("{") || rest.contains("}") {
      throw reader.fault("rule", "\(text) has a gap that is not among ranges: \(names)")
    }
  }

  /// The rule with its gaps filled; numbers have six decimals.
  func rule(_ values: [Double]) -> String {
    names.indices.reduce(text) { rule, index in
      let word =
        choices[index].isEmpty
        ? "\((values[index] * 1e6).rounded() / 1e6)" : choices[index][Int(values[index])]
      return rule.replacing("{\(names[index])}", with: word)
    }
  }
}

extension SpecValue {
  /// The words that it lists.
  fileprivate var words: [String]? {
    guard case .list(let list) = content else { return nil }
    let words = list.map { element -> String? in
      if case .string(let word) = element.content { word } else { nil }
    }
    return words as? [String]
  }
}

/// The search for a rule's parameters on a task: candidates play episodes of the scalar environment.
struct RuleTuning: SearchProblem {
  let template: RuleTemplate
  let task: RebalancingTask
  let seed: UInt64

  /// - Throws: where no filling of the gaps that is tried makes a rule of the task.
  init(_ template: RuleTemplate, task: RebalancingTask, seed: UInt64) throws {
    self.template = template
    self.task = task
    self.seed = seed
    var problem: RuleError?
    for attempt in 0..<64 {
      let values = template.parameters.indices.map { index in
        let uniform = RandomSource(seed: 0).uniform(
          .exploration, copy: UInt32(attempt), step: UInt32(index))
        return switch template.parameters[index] {
        case .range(let low, let high): low + (high - low) * uniform
        case .choice(let count): Double(Int(uniform * Double(count)))
        }
      }
      do throws(RuleError) {
        _ = try RuleCatalog.rule(template.rule(values), for: task)
        return
      } catch { problem = error }
    }
    if let problem { throw problem }
  }

  var parameters: [SearchParameter] { template.parameters }
  func rule(_ values: [Double]) -> String { template.rule(values) }

  func play(_ values: [Double], episodes: Range<Int>) -> CandidateScore? {
    guard let rule = try? RuleCatalog.rule(rule(values), for: task) else { return nil }
    var score = CandidateScore(steps: 0, reward: 0)
    let task = task.informing(rule)
    for episode in episodes {
      // An episode's paths are a function of seed and number alone.
      var environment = RebalancingEnvironment<Double>(task, copy: UInt32(episode))
      _ = environment.reset(seed: seed)
      while !environment.hasEnded {
        score.reward += environment.advance(rule.decide(environment.snapshot)).reward
        score.steps += 1
      }
    }
    return score
  }
}
