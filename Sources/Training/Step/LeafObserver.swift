import Collectives
package import Engine
import Hashing
import Kernels
import Planner

/// What happens beside the arithmetic while a lane computes one micro-batch: buckets are digested and added to the
/// lane's sums as they become final, and someone may look on between the instructions.
package struct LeafObserver: ~Copyable, ProgramObserver {
  package typealias Failure = RunError

  /// Called between instructions: the main lane polls the exchange, debug mode checks tensors.
  package typealias Watch = (_ index: Int, _ execution: borrowing Execution) throws(RunError) -> Void

  /// Where gradients and trailer lie.
  let layout: FlatLayout
  /// The rank's flat buffers.
  let buffers: FlatBuffers
  /// The lane that computes.
  let lane: Int
  /// The micro-batch, its slot and its additions.
  let leaf: Accumulation.Leaf
  /// Called with each bucket that is final in the lane's sums; nil for all but the lane's last micro-batch.
  let publish: ((_ bucket: Int) -> Void)?
  /// The rank's votes, carried by one of its micro-batches.
  let votes: Votes
  /// Who looks on between instructions.
  let watch: Watch?
  private let samples: UInt64
  private var digest = Digest()
  private var isSealed = false

  /// An observer of one micro-batch; `samples` is the digest of what was read for it.
  init(
    layout: FlatLayout, buffers: FlatBuffers, lane: Int, leaf: Accumulation.Leaf, samples: UInt64,
    votes: Votes = Votes(), publish: ((Int) -> Void)? = nil, watch: Watch? = nil
  ) {
    self.layout = layout
    self.buffers = buffers
    self.lane = lane
    self.leaf = leaf
    self.votes = votes
    self.publish = publish
    self.watch = watch
    self.samples = samples
    digest.update(words: [samples])
  }

  package mutating func after(_ index: Int, in execution: borrowing Execution) throws(RunError) {
    try watch?(index, execution)
  }

  package mutating func bucketComplete(_ bucket: Int) {
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
  }
}
