package import Collectives
package import Optimizers
package import Planner

/// Whether a step can be taken back: a pure function of the run and the number of ranks, so that all ranks agree.
package enum StepUndo {
  /// Arithmetic of one rank from which on a stop does not wait for the end of a step, in floating-point operations:
  /// about a second on one core. What is kept takes 1 % of such a step on one rank (`resnet50`), a P-th of that on P.
  private static let longStep = 80e9

  /// The buffers that an owner keeps of its segments to take a step back: the parameters and each state. None where
  /// steps are short, and none where they would take more than half as much as the activations.
  package static func buffers(
    _ plan: StepPlan, _ updates: UpdatePlan, ranks: Int, order: ExchangeOrder = .fixed
  ) -> Int {
    let samples = plan.options.microBatch * plan.options.microBatches
    guard Double(plan.training.flops) * Double(samples) > longStep * Double(ranks) else { return 0 }
    let buffers = 1 + updates.states.count
    let floats = buffers * plan.layout.exchangedCount / order.owners(among: ranks)
    return 2 * floats <= plan.training.arenaCount ? buffers : 0
  }
}
