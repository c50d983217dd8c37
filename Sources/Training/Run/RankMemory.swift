package import Collectives
package import Optimizers
package import Planner

/// The memory that a rank holds at its peak, while it trains, in bytes: what depends on the model. The program itself,
/// its libraries, the data and what the exchange receives from other ranks come on top.
package struct RankMemory: Hashable, Sendable {
  /// The arenas, one for each lane.
  package let arenas: Int
  /// The flat buffer of the parameters; two where micro-batches of other ranks are computed again.
  package let parameters: Int
  /// The flat buffers of the gradients that are being summed, and one of what is computed again.
  package let gradients: Int
  /// The optimizer's states, and what is kept to take a step back: of all trained parameters on one rank, of every P-th
  /// on P of them.
  package let optimizer: Int
  /// The images: those that are prepared ahead, and one micro-batch of test images for each lane.
  package let inputs: Int

  /// Threads that compute.
  package let lanes: Int
  private let flat: Int
  private let states: Int

  /// Threads beside the first: the other lanes, one that prepares images, and one that writes checkpoints.
  var threads: Int { lanes + 1 }

  /// The address space that the process takes beyond what it has when this is asked for: all of `total`; copies of the
  /// parameters and optimizer states on their way to the ranks and into checkpoints, of which one is written while the
  /// next one waits; the stacks; and what allocators round up.
  package var addressSpace: Int { total + 3 * (flat + states) + (threads * 8 + 16) << 20 }

  /// All together.
  package var total: Int { arenas + parameters + gradients + optimizer + inputs }

  /// The memory of one rank of a run, by default the only one.
  ///
  /// - Parameters:
  ///   - plan: the step.
  ///   - lanes: compute threads; at most one for each micro-batch of the rank counts.
  ///   - updates: what becomes of the gradient; nil for an optimizer with one state.
  ///   - recomputes: whether micro-batches of other ranks are computed again.
  package init(
    plan: StepPlan, lanes: Int, rank: Int = 0, ranks: Int = 1, order: ExchangeOrder = .fixed,
    updates: UpdatePlan? = nil, recomputes: Bool = false
  ) {
    let share = WorkShare(
      microBatches: plan.options.microBatches, rank: rank, ranks: ranks, lanes: lanes, order: order)
    let working = share.lanes.count
    flat = 4 * plan.layout.count
    self.lanes = working
    arenas = working * 4 * max(plan.training.arenaCount, plan.evaluation.arenaCount)
    let again = recomputes ? 1 : 0
    parameters = flat * (1 + again)
    let exchanged = 4 * plan.layout.exchangedCount
    gradients = exchanged * share.lanes.reduce(again) { $0 + $1.slotCount }
    states = (updates?.ownedBuffers ?? 1) * exchanged
    let undo = updates.map { StepUndo.buffers(plan, $0, ranks: ranks, order: order) } ?? 0
    optimizer = (states + undo * exchanged) / order.owners(among: ranks)
    let slots = SampleFeed.slots(lanes: working) + working + again
    inputs = slots * 4 * plan.training[plan.training.images].count
  }

  /// One line: the sum and what it is made of.
  package var text: String {
    "\(Display.bytes(total)) = arenas \(Display.bytes(arenas)) + parameters \(Display.bytes(parameters)) + gradients "
      + "\(Display.bytes(gradients)) + optimizer \(Display.bytes(optimizer)) + input slots \(Display.bytes(inputs))"
  }

  /// The same as keys and values.
  package var record: ReportValue {
    .record([
      "total": .integer(total), "arenas": .integer(arenas), "parameters": .integer(parameters),
      "gradients": .integer(gradients), "optimizer": .integer(optimizer), "input-slots": .integer(inputs),
    ])
  }
}
