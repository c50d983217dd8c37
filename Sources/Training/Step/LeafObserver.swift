import Collectives
package import Engine
import Hashing
import Kernels
import Planner

/// Looks at the instructions of the main lane: debug mode checks what they wrote, benchmarks time them.
package protocol InstructionObserver: AnyObject {
  /// Called before an instruction.
  func before(_ index: Int)
  /// Called after an instruction; what it throws ends the run.
  func after(_ index: Int, in execution: borrowing Execution) throws(RunError)
}

extension InstructionObserver {
  /// Nothing happens before an instruction.
  package func before(_ index: Int) {}
}

/// What happens beside the arithmetic while a lane computes one micro-batch: buckets are digested and added to the
/// lane's sums as they become final, and between the instructions the exchange is polled.
struct LeafObserver: ~Copyable, ProgramObserver {
  typealias Failure = RunError

  /// Called between instructions: the main lane polls the exchange.
  typealias Poll = () throws(RunError) -> Void

  /// The micro-batch, its slot and its additions.
  let leaf: Accumulation.Leaf
  private let layout: FlatLayout
  private let buffers: FlatBuffers
  private let lane: Int
  private let publish: ((_ bucket: Int) -> Void)?
  private let votes: Votes
  private let inspector: (any InstructionObserver)?
  private let poll: Poll?
  private let activity: Activity?
  private let givesUp: (@Sendable () -> Bool)?
  private let samples: UInt64
  private let trace: ComputationTrace?
  private var digest = Digest()
  private var isSealed = false
  private var isGivenUp = false

  /// An observer of one micro-batch.
  ///
  /// - Parameters:
  ///   - shared: what the rank's lanes share.
  ///   - lane: the lane that computes.
  ///   - leaf: the micro-batch, its slot and its additions.
  ///   - samples: the digest of what was read for it.
  ///   - votes: the rank's votes, carried by one of its micro-batches.
  ///   - publish: called with each bucket that is final in the lane's sums; nil for all but the lane's last
  ///     micro-batch.
  ///   - inspector: looks at each instruction.
  ///   - poll: called between instructions.
  ///   - trace: takes down what each instruction writes; nil where nobody will ask.
  init(
    _ shared: Lane.Shared, lane: Int, leaf: Accumulation.Leaf, samples: UInt64, votes: Votes = Votes(),
    publish: ((Int) -> Void)? = nil, inspector: (any InstructionObserver)? = nil, poll: Poll? = nil,
    trace: ComputationTrace? = nil
  ) {
    layout = shared.blueprint.plan.layout
    buffers = shared.buffers
    self.lane = lane
    self.leaf = leaf
    self.votes = votes
    self.publish = publish
    self.inspector = inspector
    self.poll = poll
    self.samples = samples
    self.trace = trace
    trace?.begin(samples: samples)
    givesUp = shared.givesUp
    activity = lane == 0 ? shared.activity : nil
    digest.update(words: [samples])
  }

  mutating func before(_ index: Int) {
    activity?.begin(.computing, subject: index)
    inspector?.before(index)
  }

  mutating func after(_ index: Int, in execution: borrowing Execution) throws(RunError) {
    if let givesUp, givesUp() { throw RunError.stepGivenUp }
    try inspector?.after(index, in: execution)
    trace?.note(index, in: execution)
    try poll?()
  }

  /// Completes the buckets from `bucket` on with whatever they hold, and says so in the trailer.
  mutating func giveUp(from bucket: Int) {
    isGivenUp = true
    for bucket in layout.buckets.indices.dropFirst(bucket) { bucketComplete(bucket) }
  }

  mutating func bucketComplete(_ bucket: Int) {
    let range = layout.buckets[bucket]
    digestGradient(of: range)
    for addition in leaf.additions {
      unsafe FlatBuffers.accumulate(
        range, from: buffers.gradient(lane: lane, slot: addition.source),
        into: buffers.gradient(lane: lane, slot: addition.destination))
    }
    publish?(bucket)
  }

  /// Takes up the gradients of a bucket before the additions change them; behind the last of them the trailer gets
  /// the digests and the votes.
  private mutating func digestGradient(of bucket: Range<Int>) {
    let gradients = bucket.clamped(to: 0..<layout.parameterEnd)
    let base = unsafe buffers.gradient(lane: lane, slot: leaf.slot)
    let span = unsafe UnsafeBufferPointer(start: base + gradients.lowerBound, count: gradients.count).span
    digest.update(span)
    guard bucket.upperBound >= layout.parameterEnd, !isSealed else { return }
    isSealed = true
    let digests = [(layout.digest(of: leaf.index), digest.finish()), (layout.samplesDigest(of: leaf.index), samples)]
    for (places, digest) in digests {
      for (place, number) in zip(places, MicroBatchDigest.encode(digest)) { unsafe base[place] = number }
    }
    unsafe base[layout.index(of: .stopVotes)] = votes.stop ? 1 : 0
    unsafe base[layout.index(of: .saveVotes)] = votes.save ? 1 : 0
    unsafe base[layout.index(of: .givenUp)] = isGivenUp ? 1 : 0
  }
}
