import Collectives
import Engine
import Planner

extension Lane {
  /// Computes one micro-batch alone and returns the digest that the ledger would hold; the micro-batches of the step
  /// must be asked for in order, and those that are not wanted are only passed over.
  mutating func digest(step: Int, microBatch: Int, isWanted: Bool) throws(RunError) -> UInt64? {
    let samples = try shared.feed.take(step: step, microBatch: microBatch)
    defer { shared.feed.release(step: step, microBatch: microBatch) }
    guard isWanted else { return nil }
    let leaf = Accumulation.Leaf(index: microBatch, slot: 0, additions: [])
    try compute(leaf, samples, step: step, votes: Votes(), publish: nil, watch: nil)
    let layout = shared.blueprint.plan.layout
    let gradient = unsafe shared.buffers.gradient(lane: index, slot: 0)
    return MicroBatchDigest.decode(layout.digest(of: microBatch).map { unsafe gradient[$0] })
  }
}
