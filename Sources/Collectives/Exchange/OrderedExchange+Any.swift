/// Any order: the transport's own all-reduce, and every rank updates everything.
extension OrderedExchange {
  /// Starts the sums that are due, in the order of the buckets, since all ranks must start them alike.
  func startSums() throws(CommunicationError) {
    while nextSum < min(stages.count, nextUpdate + bucketOfSlot.count), stages[nextSum] == .contributed {
      let group = groups.arrivals(slot: nextSum % bucketOfSlot.count)
      try unsafe communicator.startSum(sum(of: nextSum), group: group)
      nextSum += 1
    }
  }

  /// Updates the parameters of the buckets whose sums are complete.
  func updateFinishedSums() throws(CommunicationError) {
    while nextUpdate < nextSum,
      communicator.pending(group: groups.arrivals(slot: nextUpdate % bucketOfSlot.count)) == 0
    {
      updateWholeBucket(nextUpdate)
      nextUpdate += 1
      try startSums()
    }
  }

  private func updateWholeBucket(_ bucket: Int) {
    let clock = ContinuousClock()
    let start = clock.now
    let range = layout.buckets[bucket]
    // Each rank answers for its segment in the digest, though all have the whole sum.
    let segment = layout.segment(bucket: bucket, rank: communicator.rank)
    let flat = unsafe contributions[bucket]
    ownDigest &+= unsafe GradientDigest.share(
      of: segment, values: UnsafePointer(flat + segment.lowerBound), count: digestCount)
    unsafe finish(bucket: bucket, range: range, gradient: flat + range.lowerBound)
    secondsReducing += start.duration(to: clock.now) / .seconds(1)
  }

  private func sum(of bucket: Int) -> UnsafeMutableBufferPointer<Float> {
    let range = layout.buckets[bucket]
    return unsafe UnsafeMutableBufferPointer(start: contributions[bucket] + range.lowerBound, count: range.count)
  }
}
