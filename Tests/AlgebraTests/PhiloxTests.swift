import Algebra
import Testing

/// Known answers of the authors' Random123 distribution (`kat_vectors`, philox4x32).
struct KnownAnswer: Sendable, CustomTestStringConvertible {
  let rounds: Int
  let counter: [UInt32]
  let key: [UInt32]
  let words: [UInt32]
  var testDescription: String { "\(rounds) rounds, counter \(counter)" }
}

private let knownAnswers = [
  KnownAnswer(
    rounds: 10, counter: [0, 0, 0, 0], key: [0, 0],
    words: [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
  KnownAnswer(
    rounds: 10, counter: .init(repeating: .max, count: 4), key: [.max, .max],
    words: [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
  KnownAnswer(
    rounds: 10, counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
    key: [0xa409_3822, 0x299f_31d0],
    words: [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]),
  KnownAnswer(
    rounds: 7, counter: [0, 0, 0, 0], key: [0, 0],
    words: [0x5f6f_b709, 0x0d89_3f64, 0x4f12_1f81, 0x4f73_0a48]),
]

@Suite struct PhiloxTests {
  @Test(arguments: knownAnswers)
  func `gives the published words in one lane and in sixteen`(_ known: KnownAnswer) {
    let c = known.counter
    let key = (known.key[0], known.key[1])
    let scalar = Philox.block((c[0], c[1], c[2], c[3]), key: key, rounds: known.rounds)
    #expect([scalar.0, scalar.1, scalar.2, scalar.3] == known.words)
    let wide = Philox.block(
      (
        SIMD16<UInt32>(word: c[0]), SIMD16<UInt32>(word: c[1]), SIMD16<UInt32>(word: c[2]),
        SIMD16<UInt32>(word: c[3])
      ), key: key, rounds: known.rounds)
    #expect(wide.0 == SIMD16(word: known.words[0]) && wide.1 == SIMD16(word: known.words[1]))
    #expect(wide.2 == SIMD16(word: known.words[2]) && wide.3 == SIMD16(word: known.words[3]))
    let half = Philox.block(
      (
        SIMD8<UInt64>(word: c[0]), SIMD8<UInt64>(word: c[1]), SIMD8<UInt64>(word: c[2]),
        SIMD8<UInt64>(word: c[3])
      ), key: key, rounds: known.rounds)
    #expect(half.0 == SIMD8(word: known.words[0]) && half.1 == SIMD8(word: known.words[1]))
    #expect(half.2 == SIMD8(word: known.words[2]) && half.3 == SIMD8(word: known.words[3]))
  }
}
