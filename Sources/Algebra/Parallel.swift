import Dispatch

/// Changes every element of an array, on up to `workers` threads.
///
/// Each element is changed by exactly one call, in no particular order, so the result does not depend
/// on the number of workers as long as `body` touches nothing else that changes.
public func forEachConcurrently<Element: Sendable>(
  in elements: inout [Element], workers: Int, _ body: @Sendable (Int, inout Element) -> Void
) {
  guard workers > 1, elements.count > 1 else {
    for i in elements.indices { body(i, &elements[i]) }
    return
  }
  let count = elements.count
  let workers = min(workers, count)
  unsafe elements.withUnsafeMutableBufferPointer { buffer in
    // Each worker strides over its own elements: no two calls see the same one.
    let base = unsafe SendablePointer(pointer: buffer.baseAddress)
    let work: @Sendable (Int) -> Void = { worker in
      for i in stride(from: worker, to: count, by: workers) {
        unsafe base.pointer.map { unsafe body(i, &$0[i]) }
      }
    }
    if WorkerTeam.shared.run(workers: workers, work) { return }
    DispatchQueue.concurrentPerform(iterations: workers, execute: work)
  }
}

/// A pointer that may cross threads because each thread touches elements of its own.
@unsafe private struct SendablePointer<Element>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Element>?
}
