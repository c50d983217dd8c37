import Collectives
import Configuration
import Datasets
package import Engine
import Kernels
import Planner

/// One compute thread's state: an executor and what it needs to know of its rank's share.
struct Lane: ~Copyable {
  /// What all lanes of a rank share.
  struct Shared: Sendable {
    /// The run.
    let blueprint: Blueprint
    /// The rank's share of a step.
    let share: WorkShare
    /// The rank's flat buffers.
    let buffers: FlatBuffers
    /// The rank's prepared micro-batches.
    let feed: SampleFeed
  }

  /// The lane's number within the rank; 0 runs on the main thread.
  let index: Int
  /// What all lanes of the rank share.
  let shared: Shared
  /// Where the lane tells how far it is.
  let progress: LaneProgress
  private var executor: Executor
  private var tests: TestBatch
  private(set) var secondsAwaitingInput = 0.0

  /// A lane with an arena of its own; throws if memory is short.
  init(index: Int, shared: Shared, progress: LaneProgress) throws(RunError) {
    // Made in functions of their own: a value that cannot be copied must not be half initialized when one throws.
    let executor = try Lane.executor(shared.blueprint)
    let tests = try Lane.tests(shared.blueprint)
    self.index = index
    self.shared = shared
    self.progress = progress
    self.executor = executor
    self.tests = tests
  }

  private static func executor(_ blueprint: Blueprint) throws(RunError) -> Executor {
    do { return try Executor(plan: blueprint.plan) } catch { throw RunError.failed(error) }
  }

  private static func tests(_ blueprint: Blueprint) throws(RunError) -> TestBatch {
    do { return try TestBatch(blueprint: blueprint) } catch { throw RunError.failed(error) }
  }

  /// Computes the lane's micro-batches of one step and sums their gradients.
  ///
  /// - Parameters:
  ///   - step: the step.
  ///   - votes: the rank's votes; the first lane's first micro-batch carries them.
  ///   - watch: called between instructions.
  mutating func train(step: Int, votes: Votes, watch: LeafObserver.Watch?) throws(RunError) {
    let leaves = shared.share.lanes[index].leaves
    let base = step * shared.blueprint.plan.layout.buckets.count
    for (place, leaf) in leaves.enumerated() {
      let started = ContinuousClock.now
      let samples = try shared.feed.take(step: step, microBatch: leaf.index)
      secondsAwaitingInput += started.secondsUntilNow
      let progress = progress
      let publish = place == leaves.count - 1 ? { (bucket: Int) in progress.publish(base + bucket + 1) } : nil
      let carried = index == 0 && place == 0 ? votes : Votes()
      try compute(leaf, samples, step: step, votes: carried, publish: publish, watch: watch)
      shared.feed.release(step: step, microBatch: leaf.index)
    }
  }

  /// Computes one micro-batch into its gradient slot.
  mutating func compute(
    _ leaf: Accumulation.Leaf, _ samples: PreparedMicroBatch, step: Int, votes: Votes, publish: ((Int) -> Void)?,
    watch: LeafObserver.Watch?
  ) throws(RunError) {
    var observer = LeafObserver(
      layout: shared.blueprint.plan.layout, buffers: shared.buffers, lane: index, leaf: leaf,
      samples: samples.contentDigest, votes: votes, publish: publish, watch: watch)
    let batch = MicroBatch(
      images: unsafe samples.images.span, labels: unsafe samples.labels.span, samples: unsafe samples.ids.span,
      valid: shared.blueprint.configuration.train.microBatch)
    _ = try unsafe executor.train(
      batch,
      parameters: shared.buffers.parameters, gradient: shared.buffers.gradient(lane: index, slot: leaf.slot),
      context: shared.blueprint.context(step: step), observer: &observer)
  }

  /// Scores some micro-batches of the test data; one score per micro-batch, in order.
  mutating func evaluate(_ microBatches: Range<Int>) throws(RunError) -> [Score] {
    var scores: [Score] = []
    var observer = NoObserver()
    for microBatch in microBatches {
      try tests.load(microBatch)
      let parameters = unsafe shared.buffers.parameters
      scores.append(
        tests.withMicroBatch { unsafe executor.evaluate($0, parameters: parameters, observer: &observer) })
    }
    return scores
  }
}

extension Blueprint {
  /// The context of a step.
  package func context(step: Int) -> StepContext {
    StepContext(seed: configuration.seed, step: step, globalBatch: configuration.train.globalBatch)
  }
}
