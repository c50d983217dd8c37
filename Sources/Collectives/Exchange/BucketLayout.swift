/// How the flat buffer is cut: into buckets that are exchanged one by one, and each bucket into one segment per owner.
package struct BucketLayout: Hashable, Sendable {
  /// The range of each bucket in the flat buffer.
  package let buckets: [Range<Int>]
  /// Cuts lie at multiples of this many floats, which is also the unit of the gradient's digest.
  package let block: Int
  /// The number of ranks that own a segment of each bucket: all P of them, or 1 where every rank owns all of it.
  package let owners: Int

  /// The buckets as they were planned: one behind the other from 0 on, cut at multiples of `block`.
  package init(buckets: [Range<Int>], block: Int, owners: Int) {
    precondition(block > 0 && owners > 0, "blocks of \(block) floats cannot be dealt to \(owners) owners")
    var end = 0
    for bucket in buckets {
      precondition(
        bucket.lowerBound == end && end.isMultiple(of: block) && !bucket.isEmpty,
        "the bucket \(bucket) does not begin with a block behind \(end)")
      end = bucket.upperBound
    }
    self.buckets = buckets
    self.block = block
    self.owners = owners
  }

  /// The length of the flat buffer in floats.
  package var count: Int { buckets.last?.upperBound ?? 0 }

  /// The bucket that holds `position` of the flat buffer.
  package func bucket(at position: Int) -> Int {
    precondition(position >= 0 && position < count, "\(position) lies outside of the \(count) floats")
    var (low, high) = (0, buckets.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if buckets[middle].lowerBound <= position { low = middle } else { high = middle }
    }
    return low
  }

  /// The part of `bucket` that `rank` sums and updates, as a range of the flat buffer. It may be empty.
  ///
  /// Which rank gets the longest part turns with the bucket, so that many small buckets burden all ranks alike.
  package func segment(bucket: Int, rank: Int) -> Range<Int> {
    let range = buckets[bucket]
    let share = ReductionTree.share(of: blocks(in: bucket), rank: (rank + bucket) % owners, ranks: owners)
    let lower = range.lowerBound + share.lowerBound * block
    let upper = range.lowerBound + share.upperBound * block
    return Swift.min(lower, range.upperBound)..<Swift.min(upper, range.upperBound)
  }

  /// The ranks that own the segments of `bucket`, in the order of the flat buffer.
  package func owners(of bucket: Int) -> [Int] {
    (0..<owners).map { owner(ofShare: $0, bucket: bucket) }
  }

  /// The rank in whose segment `position` of the flat buffer lies.
  package func owner(of position: Int) -> Int {
    let bucket = bucket(at: position)
    let place = (position - buckets[bucket].lowerBound) / block
    // The last share that begins at or before the block: share s of n blocks begins with block s · n / owners.
    return owner(ofShare: ((place + 1) * owners - 1) / blocks(in: bucket), bucket: bucket)
  }

  /// The length of the longest segment that `rank` owns, in floats.
  package func longestSegment(rank: Int) -> Int {
    buckets.indices.map { segment(bucket: $0, rank: rank).count }.max() ?? 0
  }

  private func owner(ofShare share: Int, bucket: Int) -> Int { (share + owners - bucket % owners) % owners }

  private func blocks(in bucket: Int) -> Int { (buckets[bucket].count + block - 1) / block }
}
