import Algebra
import Gym

/// Saved tensors, taken out by name and shape.
struct TensorReader {
  let tensors: [String: Tensor]

  /// The values of a tensor; `shape` nil accepts any.
  func values<T: TensorElement>(
    _ name: String, shape: [Int]?, as type: T.Type = T.self
  ) throws(LearnerStateError) -> [T] {
    guard let tensor = tensors[name] else { throw LearnerStateError("no tensor \(name)") }
    guard let values = tensor.values(as: T.self) else {
      throw LearnerStateError(
        "tensor \(name) is \(tensor.type.rawValue), valid is \(T.tensorType.rawValue)")
    }
    guard shape == nil || tensor.shape == shape else {
      throw LearnerStateError(
        "tensor \(name) has shape \(tensor.shape), valid is \(shape ?? [])")
    }
    return values
  }

  /// The values of a tensor, stored into an array of the same length.
  func read<T: TensorElement>(
    _ name: String, shape: [Int], into array: inout [T]
  ) throws(LearnerStateError) {
    array = try values(name, shape: shape)
  }

  /// Counters, which are none of them negative.
  func counters(_ name: String = "counters", count: Int) throws(LearnerStateError) -> [Int] {
    let counters: [Int64] = try values(name, shape: [count])
    guard counters.allSatisfy({ $0 >= 0 }) else {
      throw LearnerStateError("tensor \(name) has negative numbers: \(counters)")
    }
    return counters.map(Int.init)
  }

  /// Throws where the tensors are of an agent with another seed.
  func check(seedOf random: RandomSource) throws(LearnerStateError) {
    let seed: [UInt64] = try values("seed", shape: [1])
    guard seed[0] == random.seed else {
      throw LearnerStateError("the seed is \(seed[0]), this agent's is \(random.seed)")
    }
  }

  /// Returns an environment to its state.
  func restore(
    _ environment: inout some VectorEnvironment, _ name: String
  ) throws(LearnerStateError) {
    let state: [UInt8] = try values(name, shape: nil)
    do throws(EnvironmentStateError) { try environment.restore(encodedState: state) } catch {
      throw LearnerStateError("tensor \(name): the environment refused its state: \(error)")
    }
  }
}
