import Operators
import Randomness

/// Some samples of another source, in a given order.
struct SubsetSource: SampleSource {
  private let base: any SampleSource
  private let indices: [Int]

  /// The samples of `base` at `indices`.
  init(_ base: any SampleSource, _ indices: [Int]) {
    self.base = base
    self.indices = indices
  }

  var count: Int { indices.count }
  var shape: Shape { base.shape }
  var classNames: [String] { base.classNames }
  var decodes: Bool { base.decodes }

  func name(of index: Int) -> String { base.name(of: indices[index]) }

  func orientation(of index: Int) throws(DatasetError) -> Orientation { try base.orientation(of: indices[index]) }

  func label(of index: Int) -> Int { base.label(of: indices[index]) }

  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    try base.read(indices[index], into: &pixels)
  }

  func content(report: (String) -> Void) throws(DatasetError) -> SplitContent {
    let base = try base.content(report: report)
    var hash = ContentHash("subset")
    hash.add(base.digest)
    for index in indices { hash.add(index) }
    return SplitContent(digest: hash.finish(), coverage: base.coverage)
  }
}

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
