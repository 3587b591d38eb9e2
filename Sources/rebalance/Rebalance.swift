@main struct Rebalance {
  static func main() {}
}
