internal import Randomness

/// One random problem for the exchange. Everything about it, down to each float, is a pure function of its seed.
struct ExchangeCase: CustomStringConvertible {
  /// The floats of a block.
  static let block = 256

  let seed: UInt64
  /// The length of the flat buffer.
  var count: Int
  /// The floats that are gradient; a trailer follows.
  var gradientCount: Int
  /// The lengths of the buckets, over and over until all is cut.
  var bucketLengths: [Int]
  /// G.
  var leaves: Int
  /// Lanes per rank, at most as many as the rank's leaves.
  var lanes: Int
  var window: Int
  /// Whether the update waits for the whole gradient.
  var waits: Bool
  /// The positions of gathered items.
  var positions: [Int]
  var steps: Int
  /// One element of one leaf in one step that is another number than the others; nil for none.
  var intruder: (leaf: Int, element: Int, step: Int, value: Float)?

  /// Case number `index` of `seed` for at most `ranks` ranks.
  init(seed: UInt64, index: Int, ranks: Int) {
    var random = RandomStream(seed: seed, purpose: .testing, sample: UInt64(index))
    self.seed = seed &+ UInt64(index)
    count = 1 + random.integer(below: 6_000)
    gradientCount = count - random.integer(below: min(count, 300))
    bucketLengths = [1 + random.integer(below: 8), 1 + random.integer(below: 8)].map { $0 * Self.block }
    leaves = max(ranks, 1 + random.integer(below: 37))
    lanes = 1 + random.integer(below: 4)
    window = 1 + random.integer(below: 8)
    waits = false
    let density = 1 + random.integer(below: 700)
    positions = (0..<count).filter { _ in random.integer(below: density) == 0 }
    steps = 3
  }

  var description: String {
    "\(waits ? "a waiting update of " : "")\(count) floats in buckets of \(bucketLengths), \(leaves) leaves, \(lanes) "
      + "lanes, window \(window)"
  }

  /// Element `element` of leaf `leaf` in step `step`: a signed float of widely varying magnitude, so that sums in
  /// another order have other bits.
  func value(leaf: Int, element: Int, step: Int) -> Float {
    if let intruder, (intruder.leaf, intruder.element, intruder.step) == (leaf, element, step) { return intruder.value }
    var bits = seed &+ UInt64(leaf &+ 1) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(element) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ UInt64(step) << 40) &* 0x94D0_49BB_1331_11EB
    bits = (bits ^ bits >> 29) &* 0xD6E8_FEB8_6659_FD93
    bits ^= bits >> 32
    let fraction = Float(Int32(truncatingIfNeeded: bits >> 32)) * 0x1p-31
    return fraction * Float(sign: .plus, exponent: Int(bits & 15) - 8, significand: 1)
  }

  /// A whole leaf.
  func leaf(_ leaf: Int, step: Int) -> [Float] {
    (0..<count).map { value(leaf: leaf, element: $0, step: step) }
  }

  /// The parameters before the first step.
  var initialParameters: [Float] { (0..<count).map { Float($0 % 101) * 0.01 } }

  /// The update that the tests use: it depends on the gradient and on the parameter.
  static func updated(_ parameter: Float, gradient: Float) -> Float { parameter * 0.875 - gradient * 0.1 }

  /// By how much an update that waits scales the gradient: it depends on all that the ranks have told one another.
  static func scale(squares: Double, lists: [[Double]]) -> Float {
    let mean = lists.joined().reduce(0, +) / Double(max(1, lists.joined().count))
    return Float((2 + mean / (1 + abs(mean))) / (1 + squares.squareRoot()))
  }
}

extension [Range<Int>] {
  /// Buckets of these lengths, over and over until `count` floats are cut.
  package static func cut(_ count: Int, into lengths: [Int]) -> [Range<Int>] {
    var buckets: [Range<Int>] = []
    while buckets.last?.upperBound ?? 0 < count {
      let start = buckets.last?.upperBound ?? 0
      buckets.append(start..<Swift.min(start + lengths[buckets.count % lengths.count], count))
    }
    return buckets
  }
}
