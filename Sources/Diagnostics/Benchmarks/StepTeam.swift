import Collectives
import Engine
import Kernels
import Optimizers
package import Planner
package import Training

/// A rank at work on random micro-batches: one for each of its lanes, the sum of their gradients along the fixed tree, and
/// the update of all parameters; but no data and no other ranks.
package final class StepTeam {
  /// Where the time of a step went, in seconds.
  struct Timing {
    /// The whole step.
    var whole = 0.0
    /// Waiting for lanes that are behind the first.
    var waiting = 0.0
    /// Adding the lanes' gradients, and the update.
    var update = 0.0
  }

  private let shared: StepLane.Shared
  private let share: WorkShare
  private let optimizer: FlatOptimizer
  private let threads: [StepThread]
  private var mainLane: StepLane

  /// A team of `lanes` lanes, one of them on the calling thread.
  ///
  /// - Parameter plan: made for `lanes` micro-batches.
  /// - Throws: `RunError` if memory is short.
  package init(plan: StepPlan, lanes: Int) throws(RunError) {
    precondition(plan.options.microBatches == lanes, "the plan is for \(plan.options.microBatches) micro-batches")
    let layout = plan.layout
    share = WorkShare(microBatches: lanes, rank: 0, ranks: 1, lanes: lanes, order: .fixed)
    let buffers = try FlatBuffers(layout: layout, slotsPerLane: share.lanes.map(\.slotCount))
    unsafe buffers.parameters.update(from: InitialParameters.values(layout, seed: 1), count: layout.count)
    let segments = BucketLayout(buckets: layout.buckets, block: FlatLayout.block, owners: 1)
    let updates = UpdatePlan(Self.descent, layout: layout)
    do {
      unsafe optimizer = try FlatOptimizer(
        updates, layout: layout, owned: OwnedSegments(layout: segments, rank: 0),
        microBatches: lanes, parameters: buffers.parameters, states: [Array(repeating: 0, count: layout.count)])
    } catch {
      throw RunError.failed(error)
    }
    optimizer.begin(StepScalars(age: 0, rate: 1e-6))
    shared = StepLane.Shared(plan: plan, buffers: buffers, lanes: lanes)
    mainLane = try StepLane(index: 0, shared: shared)
    threads = try Self.threads(1..<lanes, shared)
  }

  private static var descent: SGD {
    var settings = SGD()
    settings.weightDecay = 1e-4
    return settings
  }

  private static func threads(_ lanes: Range<Int>, _ shared: StepLane.Shared) throws(RunError) -> [StepThread] {
    var threads: [StepThread] = []
    for lane in lanes {
      do { threads.append(try StepThread(index: lane, shared: shared)) } catch {
        for thread in threads { thread.finish() }
        throw error
      }
    }
    return threads
  }

  /// Ends the lanes' threads; the team cannot be used any more.
  package func end() {
    for thread in threads { thread.finish() }
  }

  /// Takes a step: all lanes begin together, their gradients are added, and there is one update.
  func step(_ step: Int) -> Timing {
    let began = ContinuousClock.now
    let waiting = compute(step: step)
    let computed = ContinuousClock.now
    addGradients()
    update()
    return Timing(whole: began.secondsUntilNow, waiting: waiting, update: computed.secondsUntilNow)
  }

  /// Computes a step without the update.
  ///
  /// - Returns: the sum of the lanes' gradients, a flat buffer.
  package func gradientSum(step: Int) -> [Float] {
    _ = compute(step: step)
    addGradients()
    return unsafe Array(UnsafeBufferPointer(start: sum, count: shared.plan.layout.exchangedCount))
  }

  /// Lets all lanes compute; returns the seconds that the first has waited for the others.
  private func compute(step: Int) -> Double {
    for thread in threads { thread.begin(step: step) }
    mainLane.compute(step: step)
    let computed = ContinuousClock.now
    for thread in threads { thread.wait() }
    return computed.secondsUntilNow
  }

  private func addGradients() {
    for addition in share.join {
      unsafe FlatBuffers.accumulate(
        0..<shared.plan.layout.exchangedCount,
        from: shared.buffers.gradient(lane: addition.source.part, slot: addition.source.slot),
        into: shared.buffers.gradient(lane: addition.destination.part, slot: addition.destination.slot))
    }
  }

  private func update() {
    unsafe optimizer.update(range: 0..<shared.plan.layout.exchangedCount, gradient: sum)
  }

  /// The gradient of the first lane, where the sum comes to stand.
  private var sum: UnsafeMutablePointer<Float> { unsafe shared.buffers.gradient(lane: 0, slot: 0) }

  /// Seconds of each instruction of the first lane, since the last reset.
  var seconds: [Double] { mainLane.stopwatch.seconds }

  /// Forgets the times of instructions.
  func resetTimes() { mainLane.stopwatch.reset() }
}
