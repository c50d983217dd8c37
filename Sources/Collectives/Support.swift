/// The inner loop of the exchange.
enum Support {
  /// Adds `count` floats of `source` to those of `destination`; the two must not overlap.
  static func add(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { unsafe destination[i] += source[i] }
  }
}
