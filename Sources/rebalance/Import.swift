import ArgumentParser
import Experiments
import Foundation

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a checkpoint of a policy that another library has trained.",
    discussion: """
      Example: rebalance import policy.onnx --env two-asset-monthly-v0 --out checkpoints/from-torch

      The file is a graph in the ONNX format: from one input [batch, features] affine layers with tanh \
      or relu between them; its outputs are scores, one per action, or the point of a box. Constants \
      that are subtracted, added, multiplied by or divided by before the first layer, such as a \
      normaliser's, become part of it. Then: rebalance evaluate --record, rebalance export.
      """)

  @Argument(help: "The file.")
  var graph: String

  @OptionGroup var environment: EnvironmentOptions

  @Option(help: "The checkpoint's folder.")
  var out: String

  @Option(
    name: .customLong("word"),
    help: ArgumentHelp(
      "What is known of the training, for the model card; repeatable.", valueName: "about=text"))
  var words: [String] = []

  @Flag(help: "Print a JSON document.")
  var json = false

  private struct Document: Encodable {
    var checkpoint: String
    var sha256: String

    enum CodingKeys: String, CodingKey {
      case checkpoint
      case sha256 = "policy_sha256"
    }
  }

  func run() throws {
    let pairs = try words.map { word in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw ValidationError("--word is '\(word)'; about=text is needed")
      }
      return (parts[0], parts[1])
    }
    let written = try PolicyImport.write(
      graph: URL(fileURLWithPath: graph), trainedOn: environment.load(),
      words: Dictionary(pairs) { _, last in last }, to: URL(fileURLWithPath: out))
    if json { return try printJSON(Document(checkpoint: out, sha256: written.policyDigest)) }
    print("\(out): a checkpoint of \(graph)")
  }
}
