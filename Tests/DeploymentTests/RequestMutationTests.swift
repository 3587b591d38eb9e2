import Algebra
import Deployment
import Foundation
import Rebalancing
import Testing

/// Values that a request may hold by mistake or on purpose.
private let strange: [String] = [
  "null", "true", "\"\"", "\"NaN\"", "-1", "0", "-0.0", "1e308", "-1e308", "5e-324", "1e-400",
  "1e999",
  "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e19", "0.1e1", "[]", "{}",
  "[[]]", "[null]", "{\"a\":1}", "\"9999-12-31\"", "\"0001-01-01\"", "\"2020-02-30\"",
  "\"\\u0000\"",
  "\"\\ud83d\\ude00\"", "NaN", "-Infinity", "'", "1 1", "[1,]", "\"𝔘\u{301}\u{202E}\"", "1e", "--1",
  "",
]

/// Changes of a request: values in place of others, and bytes in place of others.
private struct Mutation {
  let source: RandomSource
  let number: Int

  private func integer(below bound: Int, _ draw: Int) -> Int {
    let u = source.uniform(.evaluation, copy: UInt32(number), draw: draw)
    return min(Int(u * Double(bound)), bound - 1)
  }

  func applied(to text: [UInt8]) -> [UInt8] {
    var text = text
    for change in 0...integer(below: 3, 0) {
      let draw = 1 + 4 * change
      if integer(below: 2, draw) == 0 {
        let value = strange[integer(below: strange.count, draw + 1)]
        replaceValue(in: &text, with: Array(value.utf8), draw + 2)
      } else {
        changeBytes(of: &text, draw + 1)
      }
      if text.isEmpty { return text }
    }
    return text
  }

  /// Replaces what stands between two separators.
  private func replaceValue(in text: inout [UInt8], with value: [UInt8], _ draw: Int) {
    let marks = Array(":,[{}]".utf8)
    let places = text.indices.filter { marks.contains(text[$0]) }
    guard !places.isEmpty else { return }
    let start = places[integer(below: places.count, draw)] + 1
    let end = text[start...].firstIndex { marks.contains($0) } ?? text.count
    text.replaceSubrange(start..<end, with: value)
  }

  /// Flips, removes, doubles or cuts off bytes.
  private func changeBytes(of text: inout [UInt8], _ draw: Int) {
    let place = integer(below: text.count, draw)
    let end = min(text.count, place + 1 + integer(below: 40, draw + 1))
    switch integer(below: 4, draw + 2) {
    case 0: text[place] ^= UInt8(1 << integer(below: 8, draw + 1))
    case 1: text.removeSubrange(place..<end)
    case 2: text.insert(contentsOf: text[place..<end], at: place)
    default: text.removeSubrange(place...)
    }
  }
}

@Suite struct RequestMutationTests {
  /// Every answer is a decision or a refusal, never a stop of the program; a decision is finite.
  @Test func `answers or refuses, whatever a request is changed into`() throws {
    let isSlow = ProcessInfo.processInfo.environment["REBALANCE_SLOW_TESTS"] != nil
    let (bundle, request) = try taxableBundle()
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = [UInt8](try encoder.encode(request))
    let source = RandomSource(seed: 11)
    var (answered, refused) = (0, 0)
    for number in 0..<(isSlow ? 200_000 : 3_000) {
      let changed = Data(Mutation(source: source, number: number).applied(to: text))
      do throws(RequestError) {
        let response = try bundle.decide(request: changed)
        answered += 1
        #expect(response.trades.values.allSatisfy(\.isFinite))
        #expect(response.fraction >= 0 && response.fraction <= 1)
        #expect(throws: Never.self) { try response.encoded() }
      } catch {
        refused += 1
        #expect(!error.description.isEmpty)
        #expect(error.codes.first == .invalidInput)
      }
    }
    // Neither all nor none: the mutations are near the border.
    #expect(answered > 50 && refused > 500, "\(answered) answered, \(refused) refused")
  }
}
