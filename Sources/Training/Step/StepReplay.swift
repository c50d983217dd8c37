package import Collectives
import Configuration
import Datasets
import Engine
import Planner

/// A part of a step, computed alone by one lane: what `debug replay` compares with the ledger.
package struct StepReplay {
  /// The digests of the wanted micro-batches, in their order.
  package private(set) var microBatches: [UInt64] = []
  /// The digest of all samples of the step.
  package let samples: UInt64

  /// Reads all samples of the step, and computes the gradients of the wanted micro-batches.
  ///
  /// - Parameters:
  ///   - parameters: the flat parameter buffer at the beginning of the step.
  ///   - check: ends the replay at the first number that is not finite; nil where none is looked for.
  ///   - activity: where the replay says what it does.
  /// - Throws: `RunError` if memory is short, a sample cannot be read, or the check has found something.
  package init(
    of wanted: Range<Int>, step: Int, parameters: [Float], blueprint: Blueprint, check: FiniteCheck? = nil,
    activity: Activity = Activity()
  ) throws(RunError) {
    let count = blueprint.configuration.train.microBatches
    let share = WorkShare(microBatches: count, rank: 0, ranks: 1, lanes: 1, order: .any)
    let buffers = try FlatBuffers(layout: blueprint.plan.layout, slotsPerLane: share.lanes.map(\.slotCount))
    unsafe buffers.parameters.update(from: parameters, count: parameters.count)
    let feed = SampleFeed(blueprint: blueprint, share: share, firstStep: step)
    defer { feed.stop() }
    var lane = try Lane(
      index: 0,
      shared: Lane.Shared(
        blueprint: blueprint, share: share, buffers: buffers, feed: feed, activity: activity, givesUp: nil),
      progress: LaneProgress())
    var samples: [UInt64] = []
    for microBatch in 0..<count {
      check?.microBatch = microBatch
      let digests = try lane.digests(
        step: step, microBatch: microBatch, withGradient: wanted.contains(microBatch), check)
      samples.append(digests.samples)
      if let digest = digests.contribution { microBatches.append(digest) }
    }
    self.samples = MicroBatchDigest.joined(samples)
  }
}

extension Lane {
  /// The digests of one micro-batch as the trailer would carry them: that of its samples and, if it is asked for, that
  /// of its contribution, for which its gradient is computed alone. The micro-batches of a step must be asked for in
  /// order.
  fileprivate mutating func digests(
    step: Int, microBatch: Int, withGradient: Bool, _ check: FiniteCheck?
  ) throws(RunError) -> (samples: UInt64, contribution: UInt64?) {
    var read: UInt64 = 0
    try shared.feed.lend(step: step, microBatch: microBatch) { samples, content throws(RunError) in
      read = content
      guard withGradient else { return }
      let leaf = Accumulation.Leaf(index: microBatch, slot: 0, additions: [])
      let observer = LeafObserver(shared, lane: index, leaf: leaf, samples: content, inspector: check)
      try compute(samples, observer, step: step)
    }
    guard withGradient else { return (read, nil) }
    let layout = shared.blueprint.plan.layout
    let gradient = unsafe shared.buffers.gradient(lane: index, slot: 0)
    if unsafe !gradient[layout.index(of: .loss)].isFinite { try check?.end(.loss) }
    let numbers = layout.digest(of: microBatch).map { unsafe gradient[$0] }
    return (read, MicroBatchDigest.decode(numbers))
  }
}
