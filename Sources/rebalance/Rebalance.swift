import Oracles
import Algebra
@main struct Rebalance {
  static func main() throws {
    BLAS.threads = 1
    func show(_ w: Double,_ n: Double,_ k: Double, _ s: Double, _ m: Double, _ g: Double, _ a: [Double]?) throws {
      let chain = TwoAssetChain(target: w, volatility: s, drift: m, costPerUnit: k, riskAversion: g, stepsPerYear: n)
      let clock = ContinuousClock()
      let t = clock.now
      let r = try chain.solve(a.map { .fractions($0) } ?? .unrestricted)
      print(n, k, a as Any, r.score.costPerYear, r.noTrade, r.fullTradeBelow as Any, r.fullTradeAbove as Any, r.score.turnoverPerYear, r.score.trackingError, clock.now - t)
    }
    for (n, k) in [(252.0, 0.002), (252, 0.01), (12, 0.002), (12, 0.01)] {
      try show(0.6, n, k, 0.1628, 0.0285, 5, nil)
      try show(0.6, n, k, 0.1628, 0.0285, 5, [0,0.5,1])
    }
    let A3 = [0,0.5,1], A5 = [0,0.25,0.5,0.75,1], A2 = [0.0,1], H = [0,0.5]
    try show(0.3,12,0.001,0.25,-0.05,3,A5)
    try show(0.5,52,0.005,0.2,0,2,A3)
    try show(0.8,252,0.0005,0.3,0.05,10,A3)
    try show(0.8,12,0.002,0.15,0.02,5,A2)
    try show(0.6,52,0.002,0.1628,0.0285,5,H)
    try show(0.5,12,0.02,0.1,-0.03,1,A3)
    try show(0.5,252,0.001,0.2,0,5,A2)
    try show(0.3,52,0.01,0.3,0.05,4,nil)
    try show(0.8,12,0.0005,0.3,-0.05,10,nil)
    try show(0.3,252,0.004,0.12,-0.02,8,nil)
    try show(0.8,52,0.003,0.25,0.03,3,A5)
    try show(0.6,252,0.02,0.18,0.04,2,A5)
    try show(0.3,12,0.006,0.22,0.05,6,H)
    try show(0.8,252,0.002,0.2,-0.05,1,H)
  }
}
