/// The fixed order: sums go to the owners of the segments, parameters come back.
extension OrderedExchange {
  /// The floats that are added at a time, so that all parts of a piece stay in a core's cache.
  private static var pieceElements: Int { 16 * BucketLayout.blockElements }

  /// Starts to receive the other ranks' sums of the segment that this rank owns.
  ///
  /// A rank that makes several parts sends them in order, and they are received in that order.
  func receiveParts(bucket: Int) throws(CommunicationError) {
    let slot = bucket % bucketOfSlot.count
    let segment = layout.segment(bucket: bucket, rank: communicator.rank)
    for part in plan.parts {
      guard let index = part.foreignIndex else { continue }
      let buffer = unsafe UnsafeMutableBufferPointer(
        start: receiveBuffers.buffer(slot: slot, part: index), count: segment.count)
      try unsafe communicator.receive(
        into: UnsafeMutableRawBufferPointer(buffer), from: part.rank, tag: Tag.sums(bucket: bucket),
        group: groups.arrivals(slot: slot))
    }
  }

  /// Starts to receive the bucket's new parameters and sends this rank's sums to the owners, straight from and to the
  /// flat buffers.
  ///
  /// No owner can have new parameters before it has these sums, so a receive that starts here is never late, and the
  /// parameters stay as they are until the backward pass is done with them.
  func sendParts(bucket: Int) throws(CommunicationError) {
    let size = communicator.size
    for distance in 1..<max(1, size) {
      // Every rank starts with another peer, so that the first messages do not all go to rank 0.
      let peer = (communicator.rank + distance) % size
      let segment = layout.segment(bucket: bucket, rank: peer)
      try unsafe communicator.receive(
        into: UnsafeMutableRawBufferPointer(rebase(parameters, segment)), from: peer,
        tag: Tag.parameters(bucket: bucket), group: groups.parameters)
      for node in 0..<plan.own.count {
        let values = unsafe rebase(contribution(bucket: bucket, node: node), segment)
        try unsafe communicator.send(
          UnsafeRawBufferPointer(values), to: peer, tag: Tag.sums(bucket: bucket), group: groups.sends)
      }
    }
  }

  /// Reduces the bucket in this slot if all its parts are here, and then gives the slot to a later bucket.
  func reduceArrivals(slot: Int) throws(CommunicationError) {
    while bucketOfSlot[slot] < stages.count, stages[bucketOfSlot[slot]] == .contributed,
      communicator.pending(group: groups.arrivals(slot: slot)) == 0
    {
      let bucket = bucketOfSlot[slot]
      try reduce(bucket: bucket, slot: slot)
      bucketOfSlot[slot] += bucketOfSlot.count
      if bucketOfSlot[slot] < stages.count { try receiveParts(bucket: bucketOfSlot[slot]) }
    }
  }

  private func reduce(bucket: Int, slot: Int) throws(CommunicationError) {
    let clock = ContinuousClock()
    let start = clock.now
    let segment = layout.segment(bucket: bucket, rank: communicator.rank)
    findParts(bucket: bucket, slot: slot, segment: segment)
    for piece in stride(from: 0, to: segment.count, by: Self.pieceElements) {
      add(piece..<min(piece + Self.pieceElements, segment.count), of: segment)
    }
    unsafe finish(bucket: bucket, range: segment, gradient: partPointers[0])
    secondsReducing += start.duration(to: clock.now) / .seconds(1)
    try sendParameters(bucket: bucket, segment: segment)
  }

  private func findParts(bucket: Int, slot: Int, segment: Range<Int>) {
    for (index, part) in plan.parts.enumerated() {
      if let foreign = part.foreignIndex {
        unsafe partPointers[index] = receiveBuffers.buffer(slot: slot, part: foreign)
      } else {
        let node = index - plan.own.lowerBound
        unsafe partPointers[index] = contribution(bucket: bucket, node: node) + segment.lowerBound
      }
    }
  }

  /// Adds one piece of all parts along the tree; the sum stands in part 0.
  private func add(_ piece: Range<Int>, of segment: Range<Int>) {
    for addition in plan.additions {
      let source = unsafe UnsafePointer(partPointers[addition.source] + piece.lowerBound)
      unsafe Support.add(source, to: partPointers[addition.destination] + piece.lowerBound, count: piece.count)
    }
    let range = segment.lowerBound + piece.lowerBound..<segment.lowerBound + piece.upperBound
    ownDigest &+= unsafe GradientDigest.share(
      of: range, values: UnsafePointer(partPointers[0] + piece.lowerBound), count: digestCount)
  }

  private func sendParameters(bucket: Int, segment: Range<Int>) throws(CommunicationError) {
    let values = unsafe UnsafeRawBufferPointer(rebase(parameters, segment))
    for distance in 1..<max(1, communicator.size) {
      let peer = (communicator.rank + distance) % communicator.size
      try unsafe communicator.send(values, to: peer, tag: Tag.parameters(bucket: bucket), group: groups.sends)
    }
  }

  private func contribution(bucket: Int, node: Int) -> UnsafeMutablePointer<Float> {
    unsafe contributions[bucket * plan.own.count + node]
  }

  private func rebase(_ flat: UnsafeMutablePointer<Float>, _ range: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    unsafe UnsafeMutableBufferPointer(start: flat + range.lowerBound, count: range.count)
  }
}
