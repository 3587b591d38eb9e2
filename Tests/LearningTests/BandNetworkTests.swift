import Algebra
import Foundation
import Gym
import Learning
import Testing

@Suite struct BandNetworkTests {
  /// A band of given outputs, whatever is seen.
  private func band(_ outputs: [Float], _ motion: BoxMotion) -> BandNetwork {
    let layer = Network.Layer(
      weights: Matrix(rows: motion.positions + 1, columns: outputs.count), bias: outputs)
    return BandNetwork(network: Network(layers: [layer], activation: .tanh), motion: motion)
  }

  private let origin: [Float] = [0.4, 0.4, 0.2]

  /// Edges 2, 1 and 3 % below the target and 1, 2 and 3 % above.
  private func destination(yields: [Float] = [1, 1, 1]) -> BandNetwork {
    let widths: [Float] = [0.02, 0.01, 0.01, 0.02, 0.03, 0.03]
    return band((widths + yields).map { Float(log(Double($0))) }, .destination(origin: origin))
  }

  @Test func `a fraction brings every position to its edge and no further`() {
    let band = band([-3, -2, -1, -1], .fraction(positions: 2))
    let (low, high) = (Float(exp(-3.0)), Float(exp(-2.0)))
    #expect(band.action([high * 0.99, 0, 0]) == [0])
    #expect(band.action([-low * 0.99, 0, 0]) == [0])
    let above = band.action([2 * high, 0, 0])[0]
    #expect(abs((1 - above) * 2 * high - high) < 1e-6)
    let below = band.action([-4 * low, 0, 0])[0]
    #expect(abs((1 - below) * 4 * low - low) < 1e-6)
    // The position that is farther outside decides.
    #expect(band.action([-4 * low, 1.5 * Float(exp(-1.0)), 0])[0] == below)
  }

  @Test func `a destination inside of the edges is no action, exactly`() {
    #expect(destination().action([0.009, -0.0095, 0.0005, 1]) == [0, 0, 0])
    #expect(destination().action([0.0101, -0.0101, 0, 1]) != [0, 0, 0])
    // One alone is out, by less than any other is from an edge: nothing is worth the exchange.
    #expect(destination().action([0.011, -0.008, -0.003, 1]) == [0, 0, 0])
  }

  @Test func `a destination lies on the edges and keeps the sum`() {
    // One is 5 % over, two 5 % under, by 4 % beyond both edges: they meet half-way, three stays.
    let action = destination().action([0.05, -0.05, 0, 1])
    #expect(abs(action[0] - 0.41) < 1e-6)
    #expect(abs(action[1] - 0.39) < 1e-6)
    #expect(abs(action[2] - 0.2) < 1e-6)
    for x in [[0.2, -0.1, -0.1], [-0.3, 0.2, 0.1], [0.01, 0.03, -0.04]] as [[Float]] {
      let action = destination(yields: [0.1, 1, 2]).action(x + [0.5])
      #expect(abs(action.reduce(0, +) - 1) < 1e-6)
    }
  }

  @Test func `what is bought first is what gives way most`() {
    // One is over by 6 %; of what it sells the others take in the ratio of their yields, from the
    // edges that they pass at the same price.
    let action = destination(yields: [1, 2, 6]).action([0.06, -0.03, -0.03, 1])
    let (two, three) = (action[1] - 0.39, action[2] - 0.17)
    let price = action[0] - 0.41
    #expect(abs(two - 2 * price) < 1e-5)
    #expect(abs(three - 6 * price) < 1e-5)
  }

  @Test func `no more is sold than is held`() {
    // One is to be bought by 38 %; two is inside of wide edges, three gives way but has only 35 %.
    let numbers: [Float] = [0.02, 0.01, 0.5, 0.5, 0.03, 0.03, 0.01, 0.01, 100]
    let band = band(numbers.map { Float(log(Double($0))) }, .destination(origin: origin))
    let action = band.action([-0.4, 0.25, 0.15, 1])
    #expect(action[2] == 0)
    #expect(abs(action[0] - 0.38) < 1e-3 && abs(action[1] - 0.65) < 1e-3)
  }

  @Test func `what is no number is no action`() {
    for motion in [BoxMotion.fraction(positions: 3), .destination(origin: origin)] {
      let outputs = Array(repeating: Float(-3), count: motion == .fraction(positions: 3) ? 6 : 9)
      let policy = LearnedPolicy.band(band(outputs, motion))
      #expect(policy.values([0.1, -0.1, 0, 1]) != nil)
      #expect(policy.values([.nan, 0, 0, 1]) == nil)
      var broken = outputs
      broken[1] = .nan
      #expect(LearnedPolicy.band(band(broken, motion)).values([0.1, -0.1, 0, 1]) == nil)
      #expect(policy.greedyAction([0.1, -0.1, 0, 1]) == nil)
    }
  }

  @Test func `a band is read as it was written`() throws {
    for motion in [BoxMotion.fraction(positions: 3), .destination(origin: origin)] {
      let count = motion == .fraction(positions: 3) ? 6 : 9
      let policy = LearnedPolicy.band(band((0..<count).map { -3 + 0.1 * Float($0) }, motion))
      #expect(try LearnedPolicy(policy.safetensors) == policy)
      var file = policy.safetensors
      file.metadata["motion"] = "sideways"
      let error = #expect(throws: PolicyFileError.self) { try LearnedPolicy(file) }
      #expect(error?.description == "the motion is sideways, valid are fraction, destination")
    }
    var file = LearnedPolicy.band(destination()).safetensors
    file.tensors["origin"] = nil
    #expect(throws: PolicyFileError.self) { try LearnedPolicy(file) }
  }
}
