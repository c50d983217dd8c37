package import Collectives
import Interchange
import Kernels
import Planner

/// `evaluate`: scores the test data with the weights of a checkpoint.
package enum CheckpointEvaluation {
  /// Scores on all ranks; rank 0 prints.
  ///
  /// - Throws: `RunError` if the checkpoint or the data cannot be used, on any rank.
  package static func run(
    checkpoint: String, overrides: [String], asJSON: Bool, communicator: any Communicator, coresPerRank: CoreBudget
  ) throws(RunError) {
    let agreement = Agreement(communicator)
    let (blueprint, state, lanes) = try agreement.everywhere { () throws(RunError) in
      try load(checkpoint, overrides, ranks: communicator.size, cores: coresPerRank.own)
    }
    try agreement.equal(RunIdentity.facts(blueprint))
    let worker = try Worker(blueprint: blueprint, communicator: communicator, lanes: lanes, state: state)
    defer { worker.end() }
    guard let evaluation = try worker.evaluate() else { return }
    if asJSON {
      Report.json([
        "checkpoint": .text(checkpoint), "step": .integer(state.step), "test-loss": .number(evaluation.loss),
        "test-accuracy": .number(evaluation.accuracy), "samples-evaluated": .integer(evaluation.samples),
      ])
    } else {
      print(
        "\(checkpoint), step \(state.step): test loss \(Display.decimal(evaluation.loss, 4)), test accuracy "
          + "\(Display.percent(evaluation.accuracy, 2)) of \(Display.count(evaluation.samples))")
    }
  }

  private static func load(
    _ checkpoint: String, _ overrides: [String], ranks: Int, cores: Int
  ) throws(RunError) -> (Blueprint, TrainingState, Int) {
    do {
      let contents = try CheckpointStore.load(checkpoint)
      let configuration = try Configurations.parse(
        contents.state.configuration, source: "\(checkpoint)/state.json", overrides: overrides)
      try KernelSet.configure(configuration.kernels.isa)
      let blueprint = try Blueprint(configuration)
      let state = try ModelTensors.state(
        model: contents.model, optimizer: contents.optimizer, step: contents.state.step,
        layout: blueprint.plan.layout)
      return (blueprint, state, try blueprint.lanes(ranks: ranks, cores: cores))
    } catch {
      throw RunError.unusable(error)
    }
  }
}
