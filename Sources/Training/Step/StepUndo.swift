package import Collectives
package import Optimizers
package import Planner

/// Whether a step can be taken back: a pure function of the run and the number of ranks, so that all ranks agree.
package enum StepUndo {
  /// Arithmetic of one rank from which on a stop does not wait for the end of a step, in floating-point operations:
  /// about a second on one core.
  private static let longStep = 80e9

  /// The least arithmetic for each number that is kept of a step, in floating-point operations. At 3,800 (`resnet50`,
  /// micro-batch 8) it takes 1 % of the step.
  private static let leastWork = 2000.0

  /// So many numbers are always kept: they stay in the second-level cache.
  private static let few = 1 << 17

  /// The buffers that an owner keeps of its segments to take a step back: the parameters and each state. None where
  /// that would take too much of the step, and none where they would take more than half as much memory as the
  /// activations of a long one.
  package static func buffers(
    _ plan: StepPlan, _ updates: UpdatePlan, ranks: Int, order: ExchangeOrder = .fixed
  ) -> Int {
    let buffers = updates.undoBuffers
    let floats = buffers * plan.layout.exchangedCount / order.owners(among: ranks)
    guard floats > few else { return buffers }
    let isCheap = flops(plan, ranks: ranks) >= leastWork * Double(floats)
    return isCheap && 2 * floats <= plan.training.arenaCount ? buffers : 0
  }

  /// Whether a stop gives up the step under way: if steps are long, and can be taken back.
  package static func isGivenUp(
    _ plan: StepPlan, _ updates: UpdatePlan, ranks: Int, order: ExchangeOrder = .fixed
  ) -> Bool {
    flops(plan, ranks: ranks) > longStep && buffers(plan, updates, ranks: ranks, order: order) > 0
  }

  /// The arithmetic of a rank in a step.
  private static func flops(_ plan: StepPlan, ranks: Int) -> Double {
    Double(plan.training.flops) * Double(plan.options.microBatch * plan.options.microBatches) / Double(ranks)
  }
}
