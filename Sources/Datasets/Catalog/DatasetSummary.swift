package import Operators

/// What a split holds: the samples of each class, its pixels' mean and deviation, and what cannot be read.
package struct DatasetSummary: Hashable, Sendable {
  package let count: Int
  package let shape: Shape
  package let classNames: [String]

  /// The number of samples of each class, in the order of the labels.
  package let classCounts: [Int]

  /// Per channel, on the scale 0...1, over some of the samples.
  package let normalization: Normalization

  /// How many samples the mean and the deviation are of.
  package let sampled: Int

  /// How many samples were read, evenly spread.
  package let surveyed: Int

  /// Those of them that cannot be read, in their order.
  package let problems: [SampleProblem]

  /// How many of them are stored otherwise than upright, by their EXIF data.
  package let turned: Int

  /// Counts the labels of `source`, takes mean and deviation over at most `limit` samples and looks at `survey` or
  /// more, all evenly spread. `report` is told how many of how many have been read.
  package init(
    of source: any SampleSource, sampling limit: Int = 2_000, surveying survey: Int = 10_000,
    report: (Int, Int) -> Void = { _, _ in }
  ) {
    count = source.count
    shape = source.shape
    classNames = source.classNames
    var classCounts = [Int](repeating: 0, count: source.classNames.count)
    var mislabelled: [Int] = []
    for index in 0..<source.count {
      let label = source.label(of: index)
      if classCounts.indices.contains(label) { classCounts[label] += 1 } else { mislabelled.append(index) }
    }
    self.classCounts = classCounts
    let sample = Set(Self.spread(limit, of: source.count))
    // Where nothing is decoded, nothing but labels can be wrong.
    let others = source.decodes ? Self.spread(survey, of: source.count) : mislabelled
    let indices = sample.union(others).sorted()
    var statistics = PixelStatistics(shape: source.shape)
    var problems: [SampleProblem] = []
    var turned = 0
    for (done, index) in indices.enumerated() {
      do {
        try statistics.read(index, of: source, counts: sample.contains(index))
        if source.decodes, try source.orientation(of: index) != .upright { turned += 1 }
      } catch {
        problems.append(SampleProblem(index, error))
      }
      report(done + 1, indices.count)
    }
    surveyed = indices.count
    self.problems = problems
    self.turned = turned
    sampled = statistics.count
    normalization = statistics.normalization
  }

  private static func spread(_ limit: Int, of count: Int) -> [Int] {
    let part = min(max(limit, 1), count)
    return (0..<part).map { $0 * count / part }
  }
}

/// Sums of bytes and of their squares: whole numbers, so that the result depends on no order.
private struct PixelStatistics {
  private(set) var count = 0
  private let shape: Shape
  private var sums: [Int]
  private var squares: [Int]
  private var picture: [UInt8]

  init(shape: Shape) {
    self.shape = shape
    sums = [Int](repeating: 0, count: shape.channels)
    squares = sums
    picture = [UInt8](repeating: 0, count: shape.count)
  }

  /// Reads a sample, and adds its pixels if it counts.
  mutating func read(_ index: Int, of source: any SampleSource, counts: Bool) throws(DatasetError) {
    var pixels = picture.mutableSpan
    _ = try source.read(index, into: &pixels)
    guard counts else { return }
    count += 1
    for (place, byte) in picture.enumerated() {
      sums[place % shape.channels] += Int(byte)
      squares[place % shape.channels] += Int(byte) * Int(byte)
    }
  }

  /// Mean and deviation on the scale 0...1; zeros if no sample was added.
  var normalization: Normalization {
    let total = Double(max(count * shape.positions, 1))
    let means = sums.map { Double($0) / total }
    let deviations = zip(squares, means).map { max(Double($0) / total - $1 * $1, 0).squareRoot() }
    return Normalization(mean: means.map { Float($0 / 255) }, deviation: deviations.map { Float($0 / 255) })
  }
}
