import Deployment
import Foundation
import FuzzSupport
import Learning

/// The bundle that inputs are put into, and its names in order.
private let valid: (files: BundleFiles, names: [String]) = {
  guard let files = try? smallBundle() else { fatalError("the valid bundle cannot be made") }
  return (files, files.contents.keys.sorted())
}()

/// One input: the first byte says which file the rest stands for, and with an odd second byte the
/// manifest's digests are renewed, so that what is behind them is reached.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBundle(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count >= 2 else { return 0 }
  let bytes = unsafe Data(bytes: start, count: count)
  let name = valid.names[Int(bytes[0]) % valid.names.count]
  var files = valid.files
  files.contents[name] = bytes.dropFirst(2)
  if bytes[1] & 1 == 1, name != "manifest.json" { files.renewDigests() }
  // A refusal is an answer; a trap is a fault.
  _ = try? PolicyBundle.load(files)
  // The same bytes as a network that another library has written.
  if name == "policy.onnx" { _ = try? Network(graph: bytes.dropFirst(2)) }
  return 0
}
