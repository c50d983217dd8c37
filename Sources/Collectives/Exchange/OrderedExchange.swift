/// Exchanges the gradients of one step after the other and updates the parameters, bucket by bucket, while the
/// backward pass still runs.
///
/// Each rank owns one segment of every bucket. With the fixed order it receives the subtree sums of all ranks for its
/// segments, adds them along the reduction tree, updates its segments (only the owner holds optimizer state: Rajbhandari
/// et al., "ZeRO", SC 2020, stage 1) and sends the new parameters to the others. The transport moves bytes and never
/// adds, so the bits do not depend on the number of ranks or the size of buckets.
///
/// One object per rank, used from the communicator's thread. After the first step no step allocates. When a call
/// throws, the step cannot be saved: the run has to end.
@safe
package final class OrderedExchange {
  /// The order in which gradients are added.
  package enum Order: String, Hashable, Sendable, CaseIterable {
    /// Along the reduction tree: the same bits for any number of ranks.
    case fixed
    /// As the transport likes (plain all-reduce): the baseline.
    case any
  }

  /// What has happened to a bucket in this step.
  enum Stage {
    /// This rank still computes it.
    case computing
    /// This rank's sums are complete and on their way.
    case contributed
    /// Its gradient is reduced, and what this rank owns of it is updated.
    case updated
  }

  let communicator: any Communicator
  let layout: BucketLayout
  let plan: ExchangePlan
  let order: Order
  let parameters: UnsafeMutablePointer<Float>
  let segmentUpdate: any SegmentUpdate
  /// The floats from the start of the flat buffer that the digest covers.
  let digestCount: Int
  let groups: ExchangeGroups
  let receiveBuffers: ReceiveBuffers
  let digestShares: UnsafeMutableBufferPointer<UInt64>

  var stages: [Stage]
  /// This rank's contributed flat buffers, `nodesPerBucket` for each bucket.
  var contributions: [UnsafeMutablePointer<Float>]
  /// Where the parts of the bucket that is being reduced stand, in the order of the plan's parts.
  var partPointers: [UnsafeMutablePointer<Float>]
  /// The bucket whose parts each slot of the window awaits; past the last bucket if none is left.
  var bucketOfSlot: [Int]
  /// With any order: sums are started and finished in the order of the buckets.
  var nextSum = 0
  var nextUpdate = 0
  var updatedCount = 0
  var isStepOpen = false
  var ownDigest: UInt64 = 0
  var secondsReducing = 0.0

  /// The digest of the reduced gradient of the last finished step (see `GradientDigest`), on rank 0; zero elsewhere.
  package internal(set) var gradientDigest: UInt64 = 0

  /// The seconds that the last `finishStep` spent waiting for other ranks.
  package internal(set) var waited = 0.0

  /// Prepares the exchange; every rank passes the same layout, tree and order.
  ///
  /// - Parameters:
  ///   - parameters: the flat buffer of this rank's replica, `layout.count` floats. It outlives the exchange.
  ///   - update: changes the parameters of the segments that this rank owns.
  ///   - digestCount: the floats from the start of the flat buffer that are gradient, all by default; the trailer
  ///     behind them is left out of the digest.
  ///   - window: the number of buckets whose parts are received at a time, which bounds the memory.
  /// - Throws: `CommunicationError.tooLarge` when the transport has too few tags for the buckets.
  package init(
    communicator: any Communicator, layout: BucketLayout, tree: ReductionTree, order: Order,
    parameters: UnsafeMutablePointer<Float>, update: any SegmentUpdate, digestCount: Int? = nil, window: Int = 8
  ) throws(CommunicationError) {
    precondition(layout.ranks == communicator.size, "the layout is made for \(layout.ranks) ranks")
    try Self.checkTags(layout, communicator)
    let plan = ExchangePlan(tree: tree, rank: communicator.rank, ranks: communicator.size)
    let slots = min(window, layout.buckets.count)
    self.communicator = communicator
    self.layout = layout
    self.plan = plan
    self.order = order
    unsafe self.parameters = parameters
    self.segmentUpdate = update
    self.digestCount = digestCount ?? layout.count
    self.groups = ExchangeGroups(communicator: communicator, slots: slots)
    self.receiveBuffers = ReceiveBuffers(
      slots: order == .fixed ? slots : 0, parts: plan.foreignCount,
      capacity: layout.longestSegment(rank: communicator.rank))
    unsafe self.digestShares = .allocate(capacity: communicator.size)
    unsafe digestShares.initialize(repeating: 0)
    self.stages = Array(repeating: .computing, count: layout.buckets.count)
    let nodesPerBucket = order == .fixed ? plan.own.count : 1
    // Every entry is written by `contribute` before it is read; until then it names any valid memory.
    unsafe self.contributions = Array(repeating: parameters, count: layout.buckets.count * nodesPerBucket)
    unsafe self.partPointers = Array(repeating: parameters, count: plan.parts.count)
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
}

/// The request groups of an exchange.
struct ExchangeGroups {
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
struct ReceiveBuffers {
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
