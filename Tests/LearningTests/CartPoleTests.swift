import Gym
import Testing

@Suite struct CartPoleTests {
  @Test func `keeps the promises of a vector environment`() throws {
    try checkVectorEnvironment(CartPole(copies: 3..<8), steps: 700)
  }

  @Test func `moves as the equations say when worked out by hand`() {
    // From rest: the push of 10 N over 1.1 kg, and the pole that lags behind.
    let thrust = 10 / 1.1
    let angular = -thrust / (0.5 * (4.0 / 3 - 0.1 / 1.1))
    let linear = thrust - 0.05 * angular / 1.1
    let first = CartPole.next(.zero, 1)
    expect(first, [0, 0.02 * linear, 0, 0.02 * angular])
    // The figures, to be seen: 9.7561 m/s² and −14.634 rad/s².
    #expect(abs(linear - 9.75610) < 1e-5 && abs(angular + 14.63415) < 1e-5)
    // Euler: places move by the velocities of before.
    let second = CartPole.next(first, 0)
    #expect(abs(second.x - 0.02 * 0.02 * linear) < 1e-15)
    #expect(abs(second.z - 0.02 * 0.02 * angular) < 1e-15)
    expect(CartPole.next(.zero, 0), [0, -0.02 * linear, 0, -0.02 * angular])
  }

  @Test func `gravity and spin pull as in Gymnasium`() {
    // Computed in Python by the expressions of Gymnasium's `cartpole.py`, from (0.1, -0.5, 0.15, 1.2) to the left.
    expect(
      CartPole.next([0.1, -0.5, 0.15, 1.2], 0),
      [0.09, -0.6967096752986647, 0.174, 1.5356860674755026])
  }

  @Test func `falls at twelve degrees or 2.4 metres`() {
    #expect(!CartPole.hasFallen([2.4, 0, 0.2094, 0]) && CartPole.hasFallen([2.4001, 0, 0, 0]))
    #expect(CartPole.hasFallen([0, 0, -0.2095, 0]) && CartPole.hasFallen([-2.4001, 0, 0, 0]))
  }

  @Test func `begins within a twentieth and counts to five hundred`() {
    var environment = CartPole(copies: 0..<200)
    var transition = VectorTransition(for: environment)
    environment.reset(seed: 1, into: &transition)
    let starts = transition.observations
    let bounds = (starts.min() ?? 0, starts.max() ?? 0)
    #expect(bounds.0 >= -0.05 && bounds.0 < -0.049 && bounds.1 < 0.05 && bounds.1 > 0.049)
    #expect(Set(starts).count == 800)
    // A pole that is pushed towards its lean for ever stays up: bang-bang control of angle and spin.
    var (truncations, steps) = (0, 0)
    while truncations < 200 && steps < 501 {
      let actions = (0..<200).map { c -> Int32 in
        let x = transition.observations[4 * c..<4 * c + 4].map { $0 }
        return 3 * x[2] + 0.6 * x[3] + 0.05 * x[0] + 0.1 * x[1] > 0 ? 1 : 0
      }
      environment.step(actions, into: &transition)
      steps += 1
      for c in 0..<200 where transition.truncated[c] {
        #expect(steps == 500 && !transition.terminated[c])
        #expect(transition.observations[4 * c..<4 * c + 4].allSatisfy { abs($0) <= 0.05 })
        truncations += 1
      }
    }
    #expect(truncations > 150)
  }

  private func expect(_ state: CartPole.State, _ expected: CartPole.State) {
    for i in 0..<4 { #expect(abs(state[i] - expected[i]) < 1e-14) }
  }
}
