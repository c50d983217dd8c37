import Collectives
package import Planner

/// The memory that a rank holds at its peak, while it trains, in bytes: what depends on the model. The program itself,
/// its libraries, the data and what the exchange receives from other ranks come on top.
package struct RankMemory: Hashable, Sendable {
  /// The arenas, one for each lane.
  package let arenas: Int
  /// The flat buffer of the parameters.
  package let parameters: Int
  /// The flat buffers of the gradients that are being summed.
  package let gradients: Int
  /// The optimizer's momentum: of all parameters on one rank, of every P-th on P of them.
  package let optimizer: Int
  /// The images: those that are prepared ahead, and one micro-batch of test images for each lane.
  package let inputs: Int

  /// All together.
  package var total: Int { arenas + parameters + gradients + optimizer + inputs }

  /// The memory of the only rank of a run.
  ///
  /// - Parameters:
  ///   - plan: the step.
  ///   - lanes: compute threads; at most one for each micro-batch of the plan counts.
  package init(plan: StepPlan, lanes: Int) {
    let share = WorkShare(
      microBatches: plan.options.microBatches, rank: 0, ranks: 1, lanes: lanes, order: .fixed)
    let (flat, working) = (4 * plan.layout.count, share.lanes.count)
    arenas = working * 4 * max(plan.training.arenaCount, plan.evaluation.arenaCount)
    parameters = flat
    gradients = flat * share.lanes.reduce(0) { $0 + $1.slotCount }
    optimizer = flat
    let slots = SampleFeed.slots(lanes: working) + working
    inputs = slots * 4 * plan.training[plan.training.images].count
  }

  /// One line: the sum and what it is made of.
  package var text: String {
    "\(Display.bytes(total)) = arenas \(Display.bytes(arenas)) + parameters \(Display.bytes(parameters)) + gradients "
      + "\(Display.bytes(gradients)) + momentum \(Display.bytes(optimizer)) + input slots \(Display.bytes(inputs))"
  }

  /// The same as keys and values.
  var record: ReportValue {
    .record([
      "total": .integer(total), "arenas": .integer(arenas), "parameters": .integer(parameters),
      "gradients": .integer(gradients), "momentum": .integer(optimizer), "input-slots": .integer(inputs),
    ])
  }
}
