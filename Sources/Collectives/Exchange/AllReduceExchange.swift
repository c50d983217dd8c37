/// The baseline: the transport's own all-reduce of each bucket, after which every rank updates everything for itself.
///
/// The order of the additions is the transport's, so the bits depend on the number of ranks. That all ranks end a step
/// with the same parameters rests on the transport giving the same sum to all.
@safe
final class AllReduceExchange: GradientExchange {
  private let communicator: any Communicator
  private let layout: BucketLayout
  private let sum: SharedFloats
  private let segmentUpdate: any SegmentUpdate
  private let waits: Bool
  private let report: GradientReport
  /// The sums that are under way at a time, and their groups from `firstGroup` on.
  private let window: Int
  private let firstGroup: Int

  private var isContributed: [Bool]
  /// Sums are started and finished in the order of the buckets, since all ranks must start them alike.
  private var nextSum = 0
  private var nextUpdate = 0
  private var isStepOpen = false
  private var secondsWorking = 0.0

  private(set) var gradientDigest: UInt64 = 0
  private(set) var gradientSquares = 0.0
  private(set) var gradientIsFinite = true
  private(set) var waited = 0.0

  /// Prepares the exchange (see `ExchangeOrder.exchange`); `sums` is one plain sum.
  init(
    _ communicator: any Communicator, layout: BucketLayout, sums: [UnsafeMutablePointer<Float>],
    update: any SegmentUpdate, gradientCount: Int, window: Int
  ) {
    precondition(layout.owners == 1, "every rank updates everything, not one \(layout.owners)th")
    precondition(unsafe sums.count == 1, "an all-reduce takes one sum, not \(unsafe sums.count)")
    self.communicator = communicator
    self.layout = layout
    self.sum = unsafe SharedFloats(sums[0])
    self.segmentUpdate = update
    self.waits = update.waitsForWholeGradient
    // Each rank has the whole gradient, so it makes the whole report as if it were alone.
    self.report = GradientReport(layout: layout, gradientCount: gradientCount, rank: 0)
    self.window = min(window, layout.buckets.count)
    self.firstGroup = communicator.reserveGroups(window)
    self.isContributed = Array(repeating: false, count: layout.buckets.count)
  }

  deinit { report.deallocate() }

  func beginStep() {
    precondition(!isStepOpen, "the step before is not finished")
    isStepOpen = true
    (nextSum, nextUpdate) = (0, 0)
    report.begin()
    for bucket in isContributed.indices { isContributed[bucket] = false }
  }

  func contribute(bucket: Int) throws(CommunicationError) {
    precondition(isStepOpen && !isContributed[bucket], "bucket \(bucket) is contributed out of turn")
    isContributed[bucket] = true
    try startSums()
    // With one rank there is nothing to wait for, so the bucket is updated here and now.
    if communicator.size == 1 { try updateFinishedSums() }
  }

  @discardableResult
  func poll() throws(CommunicationError) -> Bool {
    let moved = try communicator.progress()
    let before = nextUpdate
    try updateFinishedSums()
    return moved || nextUpdate > before
  }

  func finishStep(deadline: Deadline?) throws(CommunicationError) {
    precondition(isStepOpen && !isContributed.contains(false), "a bucket is missing at the end of the step")
    let start = ContinuousClock.now
    secondsWorking = 0
    try updateFinishedSums()
    try poll(until: { nextUpdate == layout.buckets.count }, deadline, communicator)
    (gradientDigest, gradientSquares, gradientIsFinite) = (report.digest, report.squares, report.isFinite)
    try complete()
    waited = max(0, start.duration(to: .now) / .seconds(1) - secondsWorking)
    isStepOpen = false
  }

  /// Each rank owns everything, so it has all items of any list.
  private func complete() throws(CommunicationError) {
    guard waits else { return }
    let start = ContinuousClock.now
    try segmentUpdate.complete(squares: gradientSquares) { _ in }
    secondsWorking += start.duration(to: .now) / .seconds(1)
  }

  private func startSums() throws(CommunicationError) {
    while nextSum < min(isContributed.count, nextUpdate + window), isContributed[nextSum] {
      try unsafe communicator.startSum(sum.view(layout.buckets[nextSum]), group: group(of: nextSum))
      nextSum += 1
    }
  }

  private func updateFinishedSums() throws(CommunicationError) {
    while nextUpdate < nextSum, communicator.pending(group: group(of: nextUpdate)) == 0 {
      update(bucket: nextUpdate)
      nextUpdate += 1
      try startSums()
    }
  }

  private func update(bucket: Int) {
    let start = ContinuousClock.now
    let range = layout.buckets[bucket]
    report.add(range, of: bucket, values: unsafe sum.view(range).span)
    unsafe segmentUpdate.update(range: range, gradient: sum.from(range.lowerBound).start)
    secondsWorking += start.duration(to: .now) / .seconds(1)
  }

  private func group(of bucket: Int) -> Int { firstGroup + bucket % window }
}
