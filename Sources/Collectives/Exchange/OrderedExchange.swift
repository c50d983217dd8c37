/// The exchange that gives the same bits for any number of ranks and any buckets.
///
/// Each rank owns one segment of every bucket. It receives the subtree sums of all ranks for its segments, adds them
/// along the reduction tree, updates its segments (only the owner holds optimizer state: Rajbhandari et al., "ZeRO",
/// SC 2020, stage 1) and sends the new parameters to the others. The transport moves bytes and never adds.
@safe
final class OrderedExchange: GradientExchange {
  /// What has happened to a bucket in this step.
  private enum Stage {
    /// This rank still computes it.
    case computing
    /// This rank's sums are complete and on their way.
    case contributed
    /// Its gradient is reduced, and what this rank owns of it is updated.
    case updated
  }

  /// The blocks that are added at a time, so that all parts of a piece stay in a core's cache.
  private static let blocksOfPiece = 16

  private let communicator: any Communicator
  private let layout: BucketLayout
  private let plan: ExchangePlan
  /// The other ranks. Every rank starts with another one, so that the first messages do not all go to rank 0.
  private let peers: [Int]
  private let parameters: UnsafeMutablePointer<Float>
  private let sums: [UnsafeMutablePointer<Float>]
  private let segmentUpdate: any SegmentUpdate
  private let gradientCount: Int
  private let groups: ExchangeGroups
  private let receiveBuffers: ReceiveBuffers
  private let digestShares: UnsafeMutableBufferPointer<UInt64>

  private var stages: [Stage]
  private var updatedCount = 0
  /// The bucket whose parts each slot of the window awaits; past the last bucket if none is left.
  private var bucketOfSlot: [Int]
  private var isStepOpen = false
  private var secondsWorking = 0.0

  private(set) var gradientDigest: UInt64 = 0
  private(set) var waited = 0.0

  /// Prepares the exchange (see `ExchangeOrder.exchange`).
  init(
    _ communicator: any Communicator, layout: BucketLayout, tree: ReductionTree,
    parameters: UnsafeMutablePointer<Float>, sums: [UnsafeMutablePointer<Float>], update: any SegmentUpdate,
    gradientCount: Int, window: Int
  ) throws(CommunicationError) {
    let (rank, size) = (communicator.rank, communicator.size)
    precondition(layout.owners == size, "the layout is made for \(layout.owners) ranks")
    try Self.checkTags(layout, communicator)
    let plan = ExchangePlan(tree: tree, rank: rank, ranks: size)
    precondition(unsafe sums.count == plan.own.count, "the tree leaves this rank \(plan.own.count) sums")
    let slots = min(window, layout.buckets.count)
    self.communicator = communicator
    self.layout = layout
    self.plan = plan
    self.peers = (1..<max(1, size)).map { (rank + $0) % size }
    unsafe self.parameters = parameters
    unsafe self.sums = sums
    self.segmentUpdate = update
    self.gradientCount = gradientCount
    self.groups = ExchangeGroups(communicator: communicator, slots: slots)
    self.receiveBuffers = ReceiveBuffers(
      slots: slots, parts: plan.foreignCount, capacity: layout.longestSegment(rank: rank))
    unsafe self.digestShares = .allocate(capacity: size)
    unsafe digestShares.initialize(repeating: 0)
    self.stages = Array(repeating: .computing, count: layout.buckets.count)
    self.bucketOfSlot = Array(0..<slots)
  }

  deinit {
    // After a failure the transport may still write into these buffers, so they are given up rather than freed.
    guard !isStepOpen else { return }
    receiveBuffers.deallocate()
    unsafe digestShares.deallocate()
  }

  private static func checkTags(
    _ layout: BucketLayout, _ communicator: any Communicator
  ) throws(CommunicationError) {
    let last = Tag.parameters(bucket: layout.buckets.count - 1)
    guard last <= communicator.largestTag else {
      throw .tooLarge(
        "\(layout.buckets.count) buckets need message tags up to \(last), the transport has \(communicator.largestTag); "
          + "choose a larger exchange.bucket")
    }
  }

  func beginStep() throws(CommunicationError) {
    precondition(!isStepOpen, "the step before is not finished")
    isStepOpen = true
    updatedCount = 0
    unsafe digestShares[communicator.rank] = 0
    for bucket in stages.indices { stages[bucket] = .computing }
    for slot in bucketOfSlot.indices {
      bucketOfSlot[slot] = slot
      try receiveParts(bucket: slot, slot: slot)
    }
    try receiveDigestShares()
  }

  func contribute(bucket: Int) throws(CommunicationError) {
    precondition(isStepOpen && stages[bucket] == .computing, "bucket \(bucket) is contributed out of turn")
    stages[bucket] = .contributed
    try sendParts(bucket: bucket)
    // With one rank there is nothing to wait for, so the bucket is reduced and updated here and now.
    if peers.isEmpty { try reduceArrivals() }
  }

  @discardableResult
  func poll() throws(CommunicationError) -> Bool {
    let moved = try communicator.progress()
    let before = updatedCount
    try reduceArrivals()
    return moved || updatedCount > before
  }

  func finishStep(deadline: Deadline?) throws(CommunicationError) {
    precondition(isStepOpen && !stages.contains(.computing), "a bucket is missing at the end of the step")
    let start = ContinuousClock.now
    secondsWorking = 0
    try reduceArrivals()
    try poll(until: { updatedCount == stages.count }, deadline)
    try sendDigestShare()
    try communicator.wait(group: groups.sends, deadline: deadline)
    try communicator.wait(group: groups.parameters, deadline: deadline)
    try communicator.wait(group: groups.digest, deadline: deadline)
    gradientDigest = unsafe digestShares.reduce(0, &+)
    waited = max(0, start.duration(to: .now) / .seconds(1) - secondsWorking)
    isStepOpen = false
  }

  // MARK: Sums on their way to the owners

  /// Starts to receive the other ranks' sums of the segment that this rank owns.
  ///
  /// A rank that makes several parts sends them in order, and they are received in that order.
  private func receiveParts(bucket: Int, slot: Int) throws(CommunicationError) {
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
  private func sendParts(bucket: Int) throws(CommunicationError) {
    for peer in peers {
      let segment = layout.segment(bucket: bucket, rank: peer)
      try unsafe communicator.receive(
        into: UnsafeMutableRawBufferPointer(Self.view(of: segment, in: parameters)), from: peer,
        tag: Tag.parameters(bucket: bucket), group: groups.parameters)
      for node in 0..<plan.own.count {
        let values = unsafe UnsafeRawBufferPointer(Self.view(of: segment, in: sums[node]))
        try unsafe communicator.send(values, to: peer, tag: Tag.sums(bucket: bucket), group: groups.sends)
      }
    }
  }

  // MARK: Reduction

  private func reduceArrivals() throws(CommunicationError) {
    for slot in bucketOfSlot.indices { try reduceArrivals(slot: slot) }
  }

  /// Reduces the bucket in this slot if all its parts are here, and then gives the slot to a later bucket.
  private func reduceArrivals(slot: Int) throws(CommunicationError) {
    while bucketOfSlot[slot] < stages.count, stages[bucketOfSlot[slot]] == .contributed,
      communicator.pending(group: groups.arrivals(slot: slot)) == 0
    {
      let bucket = bucketOfSlot[slot]
      reduce(bucket: bucket, slot: slot)
      try sendParameters(bucket: bucket)
      bucketOfSlot[slot] += bucketOfSlot.count
      if bucketOfSlot[slot] < stages.count { try receiveParts(bucket: bucketOfSlot[slot], slot: slot) }
    }
  }

  /// Adds the parts of this rank's segment along the tree and updates it.
  private func reduce(bucket: Int, slot: Int) {
    let began = ContinuousClock.now
    let segment = layout.segment(bucket: bucket, rank: communicator.rank)
    let length = Self.blocksOfPiece * layout.block
    for start in stride(from: 0, to: segment.count, by: length) {
      add(start..<min(start + length, segment.count), of: segment, slot: slot)
    }
    if !segment.isEmpty {
      unsafe segmentUpdate.update(range: segment, gradient: UnsafePointer(part(0, of: segment, slot: slot)))
    }
    stages[bucket] = .updated
    updatedCount += 1
    secondsWorking += began.duration(to: .now) / .seconds(1)
  }

  /// Adds one piece of all parts along the tree; the sum stands in part 0.
  private func add(_ piece: Range<Int>, of segment: Range<Int>, slot: Int) {
    for addition in plan.additions {
      let source = unsafe part(addition.source, of: segment, slot: slot) + piece.lowerBound
      let destination = unsafe part(addition.destination, of: segment, slot: slot) + piece.lowerBound
      unsafe Support.add(UnsafePointer(source), to: destination, count: piece.count)
    }
    let range = segment.lowerBound + piece.lowerBound..<segment.lowerBound + piece.upperBound
    let sum = unsafe UnsafePointer(part(0, of: segment, slot: slot) + piece.lowerBound)
    unsafe digestShares[communicator.rank] &+= GradientDigest.share(
      of: range, values: sum, count: gradientCount, block: layout.block)
  }

  /// Where a part of the plan begins: in what was received into the slot, or in this rank's own sums.
  private func part(_ index: Int, of segment: Range<Int>, slot: Int) -> UnsafeMutablePointer<Float> {
    if let foreign = plan.parts[index].foreignIndex { return unsafe receiveBuffers.buffer(slot: slot, part: foreign) }
    return unsafe sums[index - plan.own.lowerBound] + segment.lowerBound
  }

  // MARK: What the others are told

  private func sendParameters(bucket: Int) throws(CommunicationError) {
    let segment = layout.segment(bucket: bucket, rank: communicator.rank)
    let values = unsafe UnsafeRawBufferPointer(Self.view(of: segment, in: parameters))
    for peer in peers {
      try unsafe communicator.send(values, to: peer, tag: Tag.parameters(bucket: bucket), group: groups.sends)
    }
  }

  /// Rank 0 gets ready for the others' shares of the digest.
  private func receiveDigestShares() throws(CommunicationError) {
    guard communicator.rank == 0 else { return }
    for peer in peers {
      try unsafe communicator.receive(
        into: digestShare(of: peer), from: peer, tag: Tag.digest, group: groups.digest)
    }
  }

  private func sendDigestShare() throws(CommunicationError) {
    guard communicator.rank != 0 else { return }
    let share = unsafe UnsafeRawBufferPointer(digestShare(of: communicator.rank))
    try unsafe communicator.send(share, to: 0, tag: Tag.digest, group: groups.digest)
  }

  private func digestShare(of rank: Int) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: digestShares[rank..<rank + 1]))
  }

  private static func view(
    of range: Range<Int>, in flat: UnsafeMutablePointer<Float>
  ) -> UnsafeMutableBufferPointer<Float> {
    unsafe UnsafeMutableBufferPointer(start: flat + range.lowerBound, count: range.count)
  }
}

/// The request groups of an exchange.
private struct ExchangeGroups {
  private let first: Int
  private let slots: Int

  /// Reserves the groups for a window of `slots` buckets.
  init(communicator: any Communicator, slots: Int) {
    self.first = communicator.reserveGroups(slots + 3)
    self.slots = slots
  }

  /// What arrives for the bucket in a slot of the window.
  func arrivals(slot: Int) -> Int { first + slot }
  /// All that is sent to other ranks.
  var sends: Int { first + slots }
  /// New parameters from the owners.
  var parameters: Int { first + slots + 1 }
  /// Shares of the digest.
  var digest: Int { first + slots + 2 }
}

/// The memory into which the parts of other ranks are received: for each slot of the window, one buffer per part.
@safe
private struct ReceiveBuffers {
  private let memory: UnsafeMutablePointer<Float>
  private let parts: Int
  private let capacity: Int

  /// Allocates slots · parts buffers of `capacity` floats.
  init(slots: Int, parts: Int, capacity: Int) {
    let bytes = slots * parts * capacity * MemoryLayout<Float>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    unsafe self.memory = raw.bindMemory(to: Float.self, capacity: slots * parts * capacity)
    self.parts = parts
    self.capacity = capacity
  }

  /// The buffer of one foreign part in one slot.
  func buffer(slot: Int, part: Int) -> UnsafeMutablePointer<Float> {
    unsafe memory + (slot * parts + part) * capacity
  }

  /// Frees the memory; nothing may be under way into it.
  func deallocate() { unsafe memory.deallocate() }
}
