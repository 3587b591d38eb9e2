import Foundation
import Learning
import Synchronization

/// Standard output: whatever is lost on it ends the program with exit code 74.
enum StandardOutput {
  /// Why a printed text was lost, the first time.
  private static let loss = Mutex<OutputError?>(nil)

  /// Writes at once: who reads a stream waits for each answer.
  static func write(_ data: Data) throws(OutputError) {
    do { try FileHandle.standardOutput.write(contentsOf: data) } catch {
      // Of a full device Foundation says two sentences, and no error of the system below.
      let isFull = (error as? CocoaError)?.code == .fileWriteOutOfSpace
      throw OutputError(isFull ? "No space left on device" : systemReason(error))
    }
  }

  /// Writes a text for people; what is lost of it, `finish` says.
  static func show(_ text: String) {
    do throws(OutputError) { try write(Data(text.utf8)) } catch {
      loss.withLock { $0 = $0 ?? error }
    }
  }

  /// Says at the end whether any text was lost.
  static func finish() throws(OutputError) {
    if let loss = loss.withLock({ $0 }) { throw loss }
  }
}

/// Takes the place of the library's `print`, which does not say what is lost and keeps text back from a
/// file that somebody looks into while the run goes on.
func print(_ text: String, terminator: String = "\n") {
  StandardOutput.show(text + terminator)
}

/// Output that is lost, and why.
struct OutputError: Error, CustomStringConvertible {
  let description: String
  init(_ reason: String) { description = "standard output: \(reason); the output is not complete" }
}
