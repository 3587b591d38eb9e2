import Gym

/// What agents ask of the environments that they are given.
extension VectorEnvironment {
  /// The number of actions.
  ///
  /// - Throws: where the space is not discrete.
  func discreteActionCount() throws(LearningConfigurationError) -> Int {
    guard case .discrete(let count) = actionSpace else {
      throw LearningConfigurationError("the action space is \(actionSpace), valid is discrete")
    }
    return count
  }

  /// Throws where episodes do not begin anew as they must, or there are not as many copies as asked.
  func check(
    _ required: Autoreset, copies: Int
  ) throws(LearningConfigurationError) {
    guard autoreset == required else {
      throw LearningConfigurationError(
        "autoreset is \(autoreset.rawValue), valid is \(required.rawValue)")
    }
    guard count == copies else {
      throw LearningConfigurationError(
        "an environment of \(count) copies was made, valid is one of \(copies)")
    }
  }
}
