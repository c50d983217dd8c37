/// The exchange that gives the same bits for any number of ranks and any buckets.
///
/// Each rank owns one segment of every bucket. It receives the subtree sums of all ranks for its segments, adds them
/// along the reduction tree, updates its segments (only the owner holds optimizer state: Rajbhandari et al., "ZeRO",
/// SC 2020, stage 1) and sends the new parameters to the others. The transport moves bytes and never adds.
///
/// An update that waits for the whole gradient gets it when each rank has told all others what it knows of its
/// segments; all new parameters are sent after that. Otherwise only rank 0 is told all of it, and the others whether it
/// is finite.
@safe
final class OrderedExchange: GradientExchange {
  /// What has happened to a bucket in this step.
  private enum Stage {
    /// This rank still computes it.
    case computing
    /// This rank's sums are complete and on their way.
    case contributed
    /// What this rank owns of its gradient is reduced and has gone to the update.
    case reduced
  }

  /// The blocks that are added at a time, so that all parts of a piece stay in a core's cache.
  private static let blocksOfPiece = 16

  private let communicator: any Communicator
  private let layout: BucketLayout
  private let plan: ExchangePlan
  /// The other ranks. Every rank starts with another one, so that the first messages do not all go to rank 0.
  private let peers: [Int]
  private let parameters: SharedFloats
  private let sums: [SharedFloats]
  private let segmentUpdate: any SegmentUpdate
  private let waits: Bool
  private let groups: ExchangeGroups
  private let receiveBuffers: ReceiveBuffers
  private let report: GradientReport
  private let gatherList: GatherList

  private var stages: [Stage]
  private var reducedCount = 0
  /// The bucket whose parts each slot of the window awaits; past the last bucket if none is left.
  private var bucketOfSlot: [Int]
  private var isStepOpen = false
  private var secondsWorking = 0.0

  private(set) var gradientDigest: UInt64 = 0
  private(set) var gradientSquares = 0.0
  private(set) var gradientIsFinite = true
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
    self.parameters = unsafe SharedFloats(parameters)
    self.sums = unsafe sums.map { unsafe SharedFloats($0) }
    self.segmentUpdate = update
    self.waits = update.waitsForWholeGradient
    self.groups = ExchangeGroups(communicator: communicator, slots: slots)
    self.receiveBuffers = ReceiveBuffers(
      slots: slots, parts: plan.foreignCount, capacity: layout.longestSegment(rank: rank))
    self.report = GradientReport(layout: layout, gradientCount: gradientCount, rank: rank)
    self.gatherList = GatherList(positions: update.gatherPositions, layout: layout)
    self.stages = Array(repeating: .computing, count: layout.buckets.count)
    self.bucketOfSlot = Array(0..<slots)
  }

  deinit {
    // After a failure the transport may still write into these buffers, so they are given up rather than freed.
    guard !isStepOpen else { return }
    receiveBuffers.deallocate()
    report.deallocate()
    gatherList.messages.deallocate()
  }

  private static func checkTags(
    _ layout: BucketLayout, _ communicator: any Communicator
  ) throws(CommunicationError) {
    let last = Tag.parameters(bucket: layout.buckets.count - 1)
    guard last <= communicator.largestTag else {
      throw .tooLarge(
        "\(layout.buckets.count) buckets need message tags up to \(last), the transport has "
          + "\(communicator.largestTag); choose a larger exchange.bucket")
    }
  }

  func beginStep() throws(CommunicationError) {
    precondition(!isStepOpen, "the step before is not finished")
    isStepOpen = true
    reducedCount = 0
    report.begin()
    for bucket in stages.indices { stages[bucket] = .computing }
    for slot in bucketOfSlot.indices {
      bucketOfSlot[slot] = slot
      try receiveParts(bucket: slot, slot: slot)
    }
    for peer in peers {
      try receive(
        into: told(communicator.rank, by: peer), from: peer, tag: Tag.report, group: groups.reports)
    }
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
    let before = reducedCount
    try reduceArrivals()
    return moved || reducedCount > before
  }

  func finishStep(deadline: Deadline?) throws(CommunicationError) {
    precondition(isStepOpen && !stages.contains(.computing), "a bucket is missing at the end of the step")
    let start = ContinuousClock.now
    secondsWorking = 0
    try reduceArrivals()
    try poll(until: { reducedCount == stages.count }, deadline, communicator)
    for peer in peers { try send(told(peer, by: communicator.rank), to: peer, tag: Tag.report) }
    if waits { try complete(deadline) }
    try communicator.wait(group: groups.sends, deadline: deadline)
    try communicator.wait(group: groups.parameters, deadline: deadline)
    try communicator.wait(group: groups.reports, deadline: deadline)
    gradientIsFinite = report.isFinite
    if listens(communicator.rank) { (gradientDigest, gradientSquares) = (report.digest, report.squares) }
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
      try receive(
        into: receiveBuffers.buffer(slot: slot, part: index).bytes(0..<segment.count), from: part.rank,
        tag: Tag.sums(bucket: bucket), group: groups.arrivals(slot: slot))
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
      try receive(
        into: parameters.bytes(segment), from: peer, tag: Tag.parameters(bucket: bucket), group: groups.parameters)
      for sum in sums { try send(sum.bytes(segment), to: peer, tag: Tag.sums(bucket: bucket)) }
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
      if !waits { try sendParameters(bucket: bucket) }
      bucketOfSlot[slot] += bucketOfSlot.count
      if bucketOfSlot[slot] < stages.count { try receiveParts(bucket: bucketOfSlot[slot], slot: slot) }
    }
  }

  /// Adds the parts of this rank's segment along the tree and passes the sum on to the update.
  private func reduce(bucket: Int, slot: Int) {
    let began = ContinuousClock.now
    let segment = layout.segment(bucket: bucket, rank: communicator.rank)
    // The sum over all leaves stands in the place of the first part.
    let sum = part(0, of: segment, slot: slot)
    let length = Self.blocksOfPiece * layout.block
    for start in stride(from: 0, to: segment.count, by: length) {
      let piece = start..<min(start + length, segment.count)
      for addition in plan.additions {
        let source = part(addition.source, of: segment, slot: slot)
        part(addition.destination, of: segment, slot: slot).add(piece, of: source)
      }
      let range = segment.lowerBound + piece.lowerBound..<segment.lowerBound + piece.upperBound
      report.add(range, of: bucket, values: unsafe sum.view(piece).span)
    }
    if !segment.isEmpty { unsafe segmentUpdate.update(range: segment, gradient: sum.start) }
    stages[bucket] = .reduced
    reducedCount += 1
    secondsWorking += began.duration(to: .now) / .seconds(1)
  }

  /// Where a part of the plan begins: in what was received into the slot, or in this rank's own sums.
  private func part(_ index: Int, of segment: Range<Int>, slot: Int) -> SharedFloats {
    if let foreign = plan.parts[index].foreignIndex { return receiveBuffers.buffer(slot: slot, part: foreign) }
    return sums[index - plan.own.lowerBound].from(segment.lowerBound)
  }

  // MARK: What the others are told

  /// Whether a rank is told all that the others know of the reduced gradient.
  private func listens(_ rank: Int) -> Bool { waits || rank == 0 }

  /// What a rank is told by another one of the reduced gradient.
  private func told(_ listener: Int, by rank: Int) -> SharedBytes {
    listens(listener) ? report.messages.bytes(of: rank) : report.verdict(of: rank)
  }

  private func sendParameters(bucket: Int) throws(CommunicationError) {
    let segment = layout.segment(bucket: bucket, rank: communicator.rank)
    for peer in peers { try send(parameters.bytes(segment), to: peer, tag: Tag.parameters(bucket: bucket)) }
  }

  /// Lets the update change the parameters, once all ranks have told what they know, and sends them to the others.
  private func complete(_ deadline: Deadline?) throws(CommunicationError) {
    try communicator.wait(group: groups.reports, deadline: deadline)
    let start = ContinuousClock.now
    try segmentUpdate.complete(squares: report.squares) { (list) throws(CommunicationError) in
      try gather(&list, deadline)
    }
    secondsWorking += start.duration(to: .now) / .seconds(1)
    for bucket in layout.buckets.indices { try sendParameters(bucket: bucket) }
  }

  private func gather(_ list: inout [Double], _ deadline: Deadline?) throws(CommunicationError) {
    let start = ContinuousClock.now
    gatherList.pack(list, of: communicator.rank)
    try receive(gatherList.messages, tag: Tag.gather, group: groups.gathers)
    for peer in peers {
      try send(gatherList.messages.bytes(of: communicator.rank), to: peer, tag: Tag.gather, group: groups.gathers)
    }
    try communicator.wait(group: groups.gathers, deadline: deadline)
    gatherList.unpack(into: &list)
    secondsWorking -= start.duration(to: .now) / .seconds(1)
  }

  /// Starts to receive the messages of all other ranks.
  private func receive(_ messages: RankMessages, tag: Int, group: Int) throws(CommunicationError) {
    for peer in peers {
      try receive(into: messages.bytes(of: peer), from: peer, tag: tag, group: group)
    }
  }

  private func receive(
    into bytes: SharedBytes, from peer: Int, tag: Int, group: Int
  ) throws(CommunicationError) {
    try unsafe communicator.receive(into: bytes.memory, from: peer, tag: tag, group: group)
  }

  /// Starts to send, by default in the group of all that is sent.
  private func send(
    _ bytes: SharedBytes, to peer: Int, tag: Int, group: Int? = nil
  ) throws(CommunicationError) {
    try unsafe communicator.send(
      UnsafeRawBufferPointer(bytes.memory), to: peer, tag: tag, group: group ?? groups.sends)
  }
}
