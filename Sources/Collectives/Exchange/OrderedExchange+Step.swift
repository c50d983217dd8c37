extension OrderedExchange {
  /// Opens a step and gets ready for what the other ranks send.
  package func beginStep() throws(CommunicationError) {
    precondition(!isStepOpen, "the step before is not finished")
    isStepOpen = true
    updatedCount = 0
    nextSum = 0
    nextUpdate = 0
    ownDigest = 0
    for bucket in stages.indices { stages[bucket] = .computing }
    for slot in bucketOfSlot.indices { bucketOfSlot[slot] = slot }
    if order == .fixed {
      for bucket in bucketOfSlot.indices { try receiveParts(bucket: bucket) }
    }
    try receiveDigestShares()
  }

  /// Hands in this rank's sums of one bucket, each bucket once per step, in any order.
  ///
  /// From here on the parameters of the bucket may change: the backward pass must be done with them.
  ///
  /// - Parameters:
  ///   - bucket: the bucket's index.
  ///   - nodes: the flat buffers of the sums over `tree.nodes(covering:)` of this rank's share, in that order; with
  ///     any order, the one flat buffer of this rank's plain sum. The bucket's range of each is final. It is left
  ///     alone until `finishStep` returns, and its content is lost then.
  package func contribute(bucket: Int, nodes: [UnsafeMutablePointer<Float>]) throws(CommunicationError) {
    precondition(isStepOpen && stages[bucket] == .computing, "bucket \(bucket) is contributed out of turn")
    let nodesPerBucket = unsafe contributions.count / stages.count
    precondition(unsafe nodes.count == nodesPerBucket, "a bucket is contributed as \(nodesPerBucket) sums")
    for index in 0..<nodesPerBucket {
      unsafe contributions[bucket * nodesPerBucket + index] = nodes[index]
    }
    stages[bucket] = .contributed
    switch order {
    case .fixed: try sendParts(bucket: bucket)
    case .any: try startSums()
    }
    // With one rank there is nothing to wait for, so the bucket is reduced and updated here and now.
    if communicator.size == 1 { try reduceWhatHasArrived() }
  }

  /// Moves data along, reduces and updates the buckets whose parts have arrived, and passes their parameters on.
  /// Never blocks. True if something happened.
  @discardableResult
  package func poll() throws(CommunicationError) -> Bool {
    let moved = try communicator.progress()
    let before = updatedCount
    try reduceWhatHasArrived()
    return moved || updatedCount > before
  }

  /// Waits until every bucket is reduced and updated and its new parameters are here.
  ///
  /// The deadline is for tests.
  package func finishStep(deadline: Deadline? = nil) throws(CommunicationError) {
    precondition(isStepOpen && !stages.contains(.computing), "a bucket is missing at the end of the step")
    let clock = ContinuousClock()
    let start = clock.now
    secondsReducing = 0
    try waitForUpdates(deadline)
    try sendDigestShare()
    try communicator.wait(group: groups.sends, deadline: deadline)
    try communicator.wait(group: groups.parameters, deadline: deadline)
    try communicator.wait(group: groups.digest, deadline: deadline)
    gradientDigest = sumOfDigestShares()
    waited = max(0, (start.duration(to: clock.now)) / .seconds(1) - secondsReducing)
    isStepOpen = false
  }

  private func waitForUpdates(_ deadline: Deadline?) throws(CommunicationError) {
    var backoff = Backoff()
    try reduceWhatHasArrived()
    while updatedCount < stages.count {
      if try poll() {
        backoff.reset()
      } else {
        try deadline?.check()
        backoff.pause()
      }
    }
  }

  private func reduceWhatHasArrived() throws(CommunicationError) {
    switch order {
    case .fixed:
      for slot in bucketOfSlot.indices { try reduceArrivals(slot: slot) }
    case .any:
      try updateFinishedSums()
    }
  }

  /// Updates `range`, which is reduced, and marks its bucket as done.
  func finish(bucket: Int, range: Range<Int>, gradient: UnsafeMutablePointer<Float>) {
    if !range.isEmpty { unsafe segmentUpdate.update(range: range, gradient: gradient) }
    stages[bucket] = .updated
    updatedCount += 1
  }
}
