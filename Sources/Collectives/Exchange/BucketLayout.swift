/// How the flat buffer is cut: into buckets that are exchanged one by one, and each bucket into one segment per owner.
package struct BucketLayout: Hashable, Sendable {
  /// Cuts lie at multiples of this many floats (one KiB), which is also the unit of the gradient's digest.
  package static let blockElements = 256

  /// The length of the flat buffer in floats.
  package let count: Int
  /// The length of each bucket but the last, in floats.
  package let bucketElements: Int
  /// The number of ranks that own a segment of each bucket: all P of them, or 1 where every rank owns all of it.
  package let owners: Int
  /// The range of each bucket in the flat buffer.
  package let buckets: [Range<Int>]

  /// A uniform cut; `bucketElements` is a multiple of `blockElements`, and the last bucket takes what is left.
  package init(count: Int, bucketElements: Int, owners: Int) {
    precondition(count > 0 && owners > 0, "\(count) floats cannot be cut for \(owners) owners")
    precondition(
      bucketElements > 0 && bucketElements.isMultiple(of: Self.blockElements),
      "a bucket of \(bucketElements) floats is not a multiple of \(Self.blockElements)")
    self.count = count
    self.bucketElements = bucketElements
    self.owners = owners
    self.buckets = stride(from: 0, to: count, by: bucketElements).map { $0..<Swift.min($0 + bucketElements, count) }
  }

  /// The part of `bucket` that `rank` sums and updates, as a range of the flat buffer. It may be empty.
  ///
  /// Which rank gets the longest part turns with the bucket, so that many small buckets burden all ranks alike.
  package func segment(bucket: Int, rank: Int) -> Range<Int> {
    let range = buckets[bucket]
    let blocks = (range.count + Self.blockElements - 1) / Self.blockElements
    let share = ReductionTree.share(of: blocks, rank: (rank + bucket) % owners, ranks: owners)
    let lower = range.lowerBound + share.lowerBound * Self.blockElements
    let upper = range.lowerBound + share.upperBound * Self.blockElements
    return Swift.min(lower, range.upperBound)..<Swift.min(upper, range.upperBound)
  }

  /// The length of the longest segment that `rank` owns, in floats.
  package func longestSegment(rank: Int) -> Int {
    buckets.indices.map { segment(bucket: $0, rank: rank).count }.max() ?? 0
  }
}
