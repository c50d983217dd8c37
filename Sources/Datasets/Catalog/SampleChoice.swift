import Randomness

/// Random choices of samples: pure functions of the seed, and of nothing else, so that all ranks choose alike.
enum SampleChoice {
  /// What is chosen; choices for different uses are independent.
  enum Use: UInt64 {
    case holdOut = 0
    case train = 1
    case test = 2
    case content = 3
  }

  /// `part` of the numbers below `count` in ascending order, and the others. A larger part contains the smaller ones.
  static func choose(_ part: Int, of count: Int, seed: UInt64, for use: Use) -> (chosen: [Int], others: [Int]) {
    var random = RandomStream(seed: seed, purpose: .holdOut, subject: use.rawValue)
    let order = Permutation.shuffled(count, random: &random).map(Int.init)
    return (order[..<part].sorted(), order[part...].sorted())
  }
}
