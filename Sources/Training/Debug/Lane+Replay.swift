import Collectives
import Datasets
import Engine
import Planner

extension Lane {
  /// The digests of one micro-batch as the trailer would carry them: that of its samples and, if it is asked for, that
  /// of its contribution, for which its gradient is computed alone. The micro-batches of a step must be asked for in
  /// order.
  mutating func digests(
    step: Int, microBatch: Int, withGradient: Bool
  ) throws(RunError) -> (samples: UInt64, contribution: UInt64?) {
    let samples = try shared.feed.take(step: step, microBatch: microBatch)
    defer { shared.feed.release(step: step, microBatch: microBatch) }
    guard withGradient else { return (samples.contentDigest, nil) }
    let leaf = Accumulation.Leaf(index: microBatch, slot: 0, additions: [])
    try compute(leaf, samples, step: step, votes: Votes(), publish: nil, watch: nil)
    let layout = shared.blueprint.plan.layout
    let gradient = unsafe shared.buffers.gradient(lane: index, slot: 0)
    let numbers = layout.digest(of: microBatch).map { unsafe gradient[$0] }
    return (samples.contentDigest, MicroBatchDigest.decode(numbers))
  }
}
