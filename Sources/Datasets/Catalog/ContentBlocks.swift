import Operators

/// The digest of every sample of a split, in pieces that several ranks can compute: each block is a number of samples
/// in a row, and the digest of the split is that of its blocks' digests. So it depends on no number of ranks.
package struct ContentBlocks: Sendable {
  /// Samples in a block.
  package static let length = 64

  private let source: any SampleSource

  /// The blocks of a split.
  package init(_ source: any SampleSource) { self.source = source }

  /// The number of blocks.
  package var count: Int { (source.count + Self.length - 1) / Self.length }

  /// The digest of a block in hexadecimal: label and pixels of each sample, as they are read. A sample that cannot be
  /// read is added to `problems`, and counts as such.
  package func digest(ofBlock block: Int, problems: inout [SampleProblem]) -> String {
    var hash = ContentHash("block")
    var picture = [UInt8](repeating: 0, count: source.shape.count)
    for index in block * Self.length..<min((block + 1) * Self.length, source.count) {
      var pixels = picture.mutableSpan
      do {
        hash.add(try source.read(index, into: &pixels))
        hash.add(bytes: picture)
      } catch {
        hash.add(-1)
        problems.append(SampleProblem(index, error))
      }
    }
    return hash.finish()
  }

  /// The digest of the split in hexadecimal, of the digests of all of its blocks in order.
  package func digest(of blocks: [String]) -> String {
    precondition(blocks.count == count, "a block is missing")
    var hash = ContentHash("split")
    let shape = source.shape
    for number in [source.count, shape.channels, shape.height, shape.width] { hash.add(number) }
    for name in source.classNames { hash.add(name) }
    for block in blocks { hash.add(block) }
    return hash.finish()
  }

  /// The digest of a data set in hexadecimal, of those of its splits.
  package static func digest(train: String, test: String) -> String {
    var hash = ContentHash("data")
    hash.add(train)
    hash.add(test)
    return hash.finish()
  }
}
