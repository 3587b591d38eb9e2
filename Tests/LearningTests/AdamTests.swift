import Algebra
import Learning
import Testing

@Suite struct AdamTests {
  @Test func `takes the steps that were computed by hand`() {
    var networks = [Network(layers: [layer([1], [0])], activation: .tanh)]
    var adam = Adam(for: networks, epsilon: 1e-8)
    // First step: m̂ = g and v̂ = g², so the parameter moves by α whatever the gradient's size.
    adam.step(
      &networks, gradients: [Network(layers: [layer([0.5], [-8])], activation: .tanh)],
      learningRate: 0.1)
    #expect(abs(networks[0].layers[0].weights[0, 0] - 0.9) < 1e-6)
    #expect(abs(networks[0].layers[0].bias[0] - 0.1) < 1e-6)
    // Second: m = .9·.05 + .1·1 = .145, m̂ = .145/.19; v = .999·.00025 + .001·1, v̂ = v/.001999.
    adam.step(
      &networks, gradients: [Network(layers: [layer([1], [0])], activation: .tanh)],
      learningRate: 0.1)
    let expected = 0.9 - 0.1 * (0.145 / 0.19) / (0.00124975 / 0.001999).squareRoot()
    #expect(abs(Double(networks[0].layers[0].weights[0, 0]) - expected) < 1e-6)
    #expect(adam.steps == 2)
  }

  @Test func `moves many parameters as the formula moves each`() {
    let count = 37
    var networks = [Network(layers: [wide(count) { Float($0) / 10 }], activation: .relu)]
    var adam = Adam(for: networks, epsilon: 1e-3)
    var (x, m, v) = ((0..<count).map { Double($0) / 10 }, [Double](), [Double]())
    (m, v) = (x.map { _ in 0 }, x.map { _ in 0 })
    for t in 1...50 {
      let gradient = wide(count) { Float(($0 * 31 + t * 17) % 23) / 23 - 0.4 }
      adam.step(
        &networks, gradients: [Network(layers: [gradient], activation: .relu)],
        learningRate: 0.01, gradientScale: 0.5)
      var (first, second) = (1.0, 1.0)
      for _ in 0..<t { (first, second) = (first * 0.9, second * 0.999) }
      for i in 0..<count {
        let g = 0.5 * Double(gradient.weights.elements[i])
        m[i] = 0.9 * m[i] + 0.1 * g
        v[i] = 0.999 * v[i] + 0.001 * g * g
        x[i] -= 0.01 * (m[i] / (1 - first)) / ((v[i] / (1 - second)).squareRoot() + 1e-3)
      }
    }
    for (found, expected) in zip(networks[0].layers[0].weights.elements, x) {
      #expect(abs(Double(found) - expected) < 2e-5)
    }
  }

  private func layer(_ weights: [Float], _ bias: [Float]) -> Network.Layer {
    Network.Layer(weights: Matrix(rows: 1, columns: 1, elements: weights), bias: bias)
  }

  private func wide(_ count: Int, _ element: (Int) -> Float) -> Network.Layer {
    Network.Layer(
      weights: Matrix(rows: 1, columns: count, elements: (0..<count).map(element)),
      bias: Array(repeating: 0, count: count))
  }
}
