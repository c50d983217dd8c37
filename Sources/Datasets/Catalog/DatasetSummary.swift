package import Network

/// What a split holds: the samples of each class, and its pixels' mean and deviation.
package struct DatasetSummary: Hashable, Sendable {
  package let count: Int
  package let shape: Shape
  package let classNames: [String]

  /// The number of samples of each class, in the order of the labels.
  package let classCounts: [Int]

  /// Per channel, on the scale 0...1, over the samples that were looked at.
  package let normalization: Normalization

  /// How many samples the mean and the deviation are of.
  package let sampled: Int

  /// Counts the labels of `source` and takes mean and deviation over at most `limit` samples, evenly spread.
  package init(of source: any SampleSource, sampling limit: Int = 2_000) throws(DatasetError) {
    count = source.count
    shape = source.shape
    classNames = source.classNames
    var classCounts = [Int](repeating: 0, count: source.classNames.count)
    for index in 0..<source.count where classCounts.indices.contains(source.label(of: index)) {
      classCounts[source.label(of: index)] += 1
    }
    self.classCounts = classCounts
    sampled = min(max(limit, 1), source.count)
    normalization = try Self.statistics(of: source, sampled)
  }

  /// Sums of bytes and of their squares are whole numbers, so the result depends on no order.
  private static func statistics(of source: any SampleSource, _ sampled: Int) throws(DatasetError) -> Normalization {
    let channels = source.shape.channels
    var sums = [Int](repeating: 0, count: channels)
    var squares = sums
    var picture = [UInt8](repeating: 0, count: source.shape.count)
    for part in 0..<sampled {
      var pixels = picture.mutableSpan
      _ = try source.read(part * source.count / sampled, into: &pixels)
      for (place, byte) in picture.enumerated() {
        sums[place % channels] += Int(byte)
        squares[place % channels] += Int(byte) * Int(byte)
      }
    }
    let total = Double(sampled * source.shape.positions)
    let means = sums.map { Double($0) / total }
    let deviations = zip(squares, means).map { max(Double($0) / total - $1 * $1, 0).squareRoot() }
    return Normalization(mean: means.map { Float($0 / 255) }, deviation: deviations.map { Float($0 / 255) })
  }
}
