internal import CXXHash

/// The two inner loops of the exchange.
enum Support {
  /// Adds `count` floats of `source` to those of `destination`; the two must not overlap.
  static func add(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { unsafe destination[i] += source[i] }
  }

  /// XXH3_64bits_withSeed of some bytes (xxHash 0.8, the XXH3 family).
  static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    unsafe XXH3_64bits_withSeed(bytes.baseAddress, bytes.count, seed)
  }
}
