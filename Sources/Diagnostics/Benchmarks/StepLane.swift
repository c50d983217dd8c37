import Dispatch
import Engine
import Foundation
import Kernels
import Planner
import Training

/// One lane of a benchmark: an executor, a random micro-batch and a gradient of its own.
struct StepLane: ~Copyable {
  /// What all lanes share.
  struct Shared: Sendable {
    /// The programs.
    let plan: StepPlan
    /// The parameters, and one gradient for each lane.
    let buffers: FlatBuffers
    /// The number of lanes, each with one micro-batch of the step.
    let lanes: Int
  }

  private let index: Int
  private let shared: Shared
  private let samples: SampleBatch
  private var executor: Executor
  /// The time of each instruction.
  var stopwatch: Stopwatch

  /// Lane `index`; its micro-batch depends on the index alone.
  ///
  /// - Throws: `RunError` if memory is short.
  init(index: Int, shared: Shared) throws(RunError) {
    let executor = try StepLane.executor(shared.plan)
    self.index = index
    self.shared = shared
    samples = StepLane.samples(shared.plan, lane: index)
    self.executor = executor
    stopwatch = Stopwatch(count: shared.plan.training.instructions.count)
  }

  private static func executor(_ plan: StepPlan) throws(RunError) -> Executor {
    do { return try Executor(plan: plan) } catch { throw RunError.failed(error) }
  }

  /// The micro-batch of a lane.
  static func samples(_ plan: StepPlan, lane: Int) -> SampleBatch {
    SampleBatch(randomFor: plan.training, seed: UInt64(lane) + 1)
  }

  /// Computes the lane's gradient. Nothing is allocated, unless a loss reads dense targets.
  mutating func compute(step: Int) {
    let context = StepContext(seed: 1, step: step, globalBatch: shared.lanes * samples.valid)
    let samples = samples
    _ = unsafe executor.train(
      samples.microBatch, parameters: shared.buffers.parameters,
      gradient: shared.buffers.gradient(lane: index, slot: 0), context: context, observer: &stopwatch)
  }
}

/// A lane on a thread of its own, which computes a step whenever it is told to.
final class StepThread: @unchecked Sendable {
  // `step` and `failure` change hands with the semaphores: the thread touches them only between a start and an end.
  private let start = DispatchSemaphore(value: 0)
  private let end = DispatchSemaphore(value: 0)
  private var step: Int?
  private var failure: RunError?

  /// Starts the thread of lane `index` and waits until it is ready.
  ///
  /// - Throws: `RunError` if memory is short.
  init(index: Int, shared: StepLane.Shared) throws(RunError) {
    let thread = Thread { [self] in run(index: index, shared: shared) }
    thread.stackSize = 8 << 20
    thread.name = "lane \(index)"
    thread.start()
    end.wait()
    if let failure { throw failure }
  }

  /// Lets the lane begin a step; the one before must have been waited for.
  func begin(step: Int) {
    self.step = step
    start.signal()
  }

  /// Waits until the step is computed.
  func wait() { end.wait() }

  /// Ends the thread and waits until its memory is free.
  func finish() {
    step = nil
    start.signal()
    end.wait()
  }

  private func run(index: Int, shared: StepLane.Shared) {
    do throws(RunError) {
      var lane = try StepLane(index: index, shared: shared)
      end.signal()
      while let step = next() {
        lane.compute(step: step)
        end.signal()
      }
    } catch {
      failure = error
    }
    end.signal()
  }

  private func next() -> Int? {
    start.wait()
    return step
  }
}
