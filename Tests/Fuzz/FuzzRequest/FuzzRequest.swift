import Deployment
import Foundation
import FuzzSupport

private let bundle: PolicyBundle = {
  guard let bundle = try? PolicyBundle.load(smallBundle()).bundle else {
    fatalError("the valid bundle cannot be made")
  }
  return bundle
}()

/// One input: a decision request.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequest(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let request = unsafe Data(bytes: start, count: count)
  do throws(RequestError) {
    let response = try bundle.decide(request: request)
    // What was decided can be said, and is finite.
    guard (try? JSONEncoder().encode(response)) != nil else { fatalError("\(response)") }
  } catch {}
  return 0
}
