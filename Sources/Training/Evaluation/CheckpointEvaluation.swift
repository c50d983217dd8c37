import Checkpoints
package import Collectives
import Interchange
import Kernels
import Planner

/// `evaluate`: scores the test data with the weights of a checkpoint.
package enum CheckpointEvaluation {
  /// Scores on all ranks; rank 0 reads the checkpoint, and prints.
  ///
  /// - Throws: `RunError` if the checkpoint or the data cannot be used, on any rank.
  package static func run(
    checkpoint: String, overrides: [String], asJSON: Bool, communicator: any Communicator, coresPerRank: CoreBudget
  ) throws(RunError) {
    let agreement = Agreement(communicator)
    let opened = try agreement.onCoordinator { try OpenedCheckpoint(checkpoint, overrides: overrides) }
    let offer = try agreement.share(opened?.offer)
    let (blueprint, identity) = try agreement.everywhere {
      guard let run = try opened?.configuration ?? offer.sharedConfiguration() else {
        preconditionFailure("a checkpoint offers its configuration")
      }
      let blueprint = try offer.blueprint(run)
      return (blueprint, try RunIdentity(blueprint))
    }
    try agreement.same(identity)
    let state = try agreement.share(
      try agreement.onCoordinator {
        try opened?.state(
          for: blueprint, identity, .evaluate, choosesData: overrides.contains { $0.hasPrefix("data.") })
      } ?? nil, layout: blueprint.plan.layout)
    let lanes = try agreement.everywhere { try blueprint.lanes(ranks: communicator.size, cores: coresPerRank.own) }
    _ = try MemoryCheck.settle(blueprint, lanes: lanes, communicator)
    let worker = try Worker(blueprint: blueprint, communicator: communicator, lanes: lanes, state: state)
    defer { worker.end() }
    guard let evaluation = try worker.evaluate() else { return }
    print(evaluation, of: checkpoint, at: state.step, asJSON: asJSON)
  }

  private static func print(_ evaluation: Evaluation, of checkpoint: String, at step: Int, asJSON: Bool) {
    if asJSON {
      Report.json([
        "checkpoint": .text(checkpoint), "step": .integer(step), "test-loss": .number(evaluation.loss),
        "test-accuracy": .number(evaluation.accuracy),
        "ema-test-loss": evaluation.average.map { .number($0.loss) } ?? .nothing,
        "ema-test-accuracy": evaluation.average.map { .number($0.accuracy) } ?? .nothing,
        "samples-evaluated": .integer(evaluation.samples),
      ])
    } else {
      Swift.print(
        "\(checkpoint), step \(step): test loss \(Display.decimal(evaluation.loss, 4)), test accuracy "
          + "\(Display.percent(evaluation.accuracy, 2)) of \(Display.count(evaluation.samples))")
      if let average = evaluation.average {
        Swift.print(
          "averaged weights: test loss \(Display.decimal(average.loss, 4)), test accuracy "
            + "\(Display.percent(average.accuracy, 2))")
      }
    }
  }
}
