import Randomness

/// Random permutations.
enum Permutation {
  /// The numbers 0 ..< `count` in random order; `count` below 2^32.
  ///
  /// Source: Fisher and Yates, in Durstenfeld's form: "Algorithm 235: random permutation", CACM 7 (1964).
  static func shuffled(_ count: Int, random: inout RandomStream) -> [UInt32] {
    var order = Array(0..<UInt32(count))
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, random.integer(below: last + 1))
    }
    return order
  }
}
