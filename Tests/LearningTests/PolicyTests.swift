import Learning
import Testing

@Suite struct PolicyTests {
  @Test(
    arguments: [
      ([1, 2, 2], 1), ([3, 3, 3], 0), ([-1, -2], 0), ([0, -0], 0), ([.nan, 1], nil),
      ([1, .nan], nil),
      ([.infinity, 1], nil), ([], nil),
    ] as [([Float], Int?)])
  func `the largest score wins, the first of equals, and never a fault`(
    scores: [Float], action: Int?
  ) {
    #expect(LearnedPolicy.greedyAction(ofScores: scores) == action)
  }

  @Test(arguments: policies)
  func `no action is taken on a faulty observation`(_ policy: LearnedPolicy) {
    #expect(policy.greedyAction([0.1, 0.2]) != nil)
    #expect(policy.greedyAction([0.1, .nan]) == nil)
    #expect(policy.greedyAction([.infinity, 0.2]) == nil)
    #expect(policy.greedyAction([0.1]) == nil)
  }

  @Test(arguments: policies)
  func `a policy is the same after saving and loading`(_ policy: LearnedPolicy) throws {
    let file = try Safetensors(decoding: policy.safetensors.encoded())
    let loaded = try LearnedPolicy(file)
    #expect(loaded == policy)
    #expect(loaded.scores([0.1, 0.2]) == policy.scores([0.1, 0.2]))
  }

  @Test func `a file that is no policy is refused with the reason`() {
    let good = policies[0].safetensors
    func message(_ change: (inout Safetensors) -> Void) -> String? {
      var file = good
      change(&file)
      return #expect(throws: PolicyFileError.self) { _ = try LearnedPolicy(file) }?.description
    }
    #expect(
      message { $0.metadata["kind"] = nil }
        == "the policy's kind is missing, valid are network, table, actor, band, rule")
    #expect(
      message { $0.metadata["activation"] = "gelu" }
        == "the activation is gelu, valid are tanh, relu")
    #expect(message { $0.tensors["layers.0.bias"] = nil } == "no tensor layers.0.bias")
    #expect(
      message {
        $0.tensors["layers.1.weights"] = Tensor([Float](repeating: 0, count: 9), shape: [3, 3])
      }
        == "tensor layers.1.weights has shape [3, 3], valid is [4, outputs]")
    #expect(
      message { $0.tensors["layers.0.bias"] = Tensor([1.0, 2, 3, 4]) }
        == "tensor layers.0.bias is F64, valid is F32")
    #expect(
      message { $0.tensors["layers.0.bias"] = Tensor([Float(1), 2, 3, .nan]) }
        == "layer 0 has numbers that are not finite")
    #expect(message { $0.tensors["more"] = Tensor([Float(1)]) } == "unknown tensors: more")
  }
}

private let policies: [LearnedPolicy] = [
  .network(sampleNetwork([2, 4, 3], .relu)),
  .table(
    QTable(
      discretizer: TabularDiscretizer(low: [0, -1], high: [1, 1], bins: [2, 3]), actionCount: 2,
      values: (0..<12).map { Float($0 * 5 % 7) })),
]
