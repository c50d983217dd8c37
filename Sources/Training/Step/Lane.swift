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
    let feed: any MicroBatchFeed
    /// Where the first lane says what it does.
    let activity: Activity
    /// Whether the step under way is to be given up; nil where none ever is.
    let givesUp: (@Sendable () -> Bool)?
    /// What is taken down of the micro-batches that will be computed again; nil where none ever is.
    var traces: StepTraces?
  }

  /// The lane's number within the rank; 0 runs on the main thread.
  let index: Int
  /// What all lanes of the rank share.
  let shared: Shared
  /// Where the lane tells how far it is.
  let progress: LaneProgress
  private var executor: Executor
  private var tests: TestBatch?
  private(set) var secondsAwaitingInput = 0.0

  /// A lane with an arena of its own; throws if memory is short.
  init(index: Int, shared: Shared, progress: LaneProgress) throws(RunError) {
    // Made in a function of its own: a value that cannot be copied must not be half initialized when it throws.
    let executor = try Lane.executor(shared.blueprint)
    self.index = index
    self.shared = shared
    self.progress = progress
    self.executor = executor
    tests = nil
  }

  private static func executor(_ blueprint: Blueprint) throws(RunError) -> Executor {
    do { return try Executor(plan: blueprint.plan) } catch { throw RunError.failed(error) }
  }

  /// Memory for test data, made when it is first needed.
  private mutating func prepareTests() throws(RunError) {
    guard tests == nil else { return }
    do { tests = try TestBatch(blueprint: shared.blueprint) } catch { throw RunError.failed(error) }
  }

  /// Computes the lane's micro-batches of one step and sums their gradients.
  ///
  /// - Parameters:
  ///   - step: the step.
  ///   - votes: the rank's votes; the first lane's first micro-batch carries them.
  ///   - inspector: looks at each instruction.
  ///   - poll: called between instructions.
  mutating func train(
    step: Int, votes: Votes = Votes(), inspector: (any InstructionObserver)? = nil, poll: LeafObserver.Poll? = nil
  ) throws(RunError) {
    let leaves = shared.share.lanes[index].leaves
    let base = step * shared.blueprint.plan.layout.buckets.count
    for (place, leaf) in leaves.enumerated() {
      let progress = progress
      let publish = place == leaves.count - 1 ? { (bucket: Int) in progress.publish(base + bucket + 1) } : nil
      let carried = index == 0 && place == 0 ? votes : Votes()
      say(.reading)
      let started = ContinuousClock.now
      do throws(RunError) {
        try shared.feed.lend(step: step, microBatch: leaf.index) { samples, content throws(RunError) in
          secondsAwaitingInput += started.secondsUntilNow
          try compute(
            samples,
            LeafObserver(
              shared, lane: index, leaf: leaf, samples: content, votes: carried, publish: publish,
              inspector: inspector, poll: poll, trace: shared.traces?.trace(of: leaf.index)), step: step)
        }
      } catch  where error == .stepGivenUp {
        // Nothing of the step will count, but the exchange has to come to its end on all ranks.
        var observer = LeafObserver(shared, lane: index, leaf: leaf, samples: 0, votes: carried, publish: publish)
        observer.giveUp(from: publish == nil ? 0 : max(0, progress.count - base))
      }
    }
  }

  private func say(_ phase: Activity.Phase) {
    if index == 0 { shared.activity.begin(phase) }
  }

  /// Computes one micro-batch into the gradient slot of the observer's leaf, by default that of the rank's buffers.
  mutating func compute(
    _ samples: borrowing MicroBatch, _ observer: consuming LeafObserver, step: Int, in buffers: FlatBuffers? = nil
  ) throws(RunError) {
    let (slot, buffers) = (observer.leaf.slot, buffers ?? shared.buffers)
    _ = try unsafe executor.train(
      samples, parameters: buffers.parameters, gradient: buffers.gradient(lane: index, slot: slot),
      context: shared.blueprint.context(step: step), observer: &observer)
  }

  /// Scores some micro-batches of the test data; one score per micro-batch, in order.
  mutating func evaluate(_ microBatches: Range<Int>) throws(RunError) -> [Score] {
    var scores: [Score] = []
    var observer = NoObserver()
    try prepareTests()
    for microBatch in microBatches {
      say(.evaluating)
      try tests?.load(microBatch)
      let parameters = unsafe shared.buffers.parameters
      let score = tests?.withMicroBatch {
        unsafe executor.evaluate($0, parameters: parameters, observer: &observer)
      }
      if let score { scores.append(score) }
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
