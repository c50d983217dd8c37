import Checkpoints
import Configuration
import Planner
import Training

/// A step that was computed again.
struct ReplayedStep {
  /// The run that it belongs to.
  let records: RunRecords
  private let blueprint: Blueprint
  /// The state before the step.
  let before: TrainingState
  private let pending: TrainingSums
  /// The state after it.
  let after: TrainingState
  /// What the ledger should have of it.
  let line: LedgerEntry
  /// Where the way to the step left the run's ledger; nil if it did not.
  let problem: String?

  /// Computes a step of a run again, from its last checkpoint at or before it.
  ///
  /// - Throws: `RunError` if the data is not there or the checkpoint cannot be read.
  init(_ records: RunRecords, step: Int) throws(RunError) {
    self.records = records
    blueprint = try records.blueprint([])
    let walk = try Self.walk(records, blueprint, step: step)
    let first = walk.step
    let ledger = try LedgerIndex(
      records.directory.ledger, from: 0, microBatches: blueprint.configuration.train.microBatches)
    var problem: String?
    while walk.step < step {
      let computed = try walk.advance()
      guard problem == nil, let recorded = try ledger.entry(ofStep: computed.step),
        let parting = LedgerParting(computed, recorded)
      else { continue }
      problem =
        "the replay from step \(first) leaves the ledger in step \(computed.step): "
        + parting.sentence("the replay", "the ledger")
    }
    self.problem = problem
    (before, pending) = (try walk.state(), walk.pending)
    line = try walk.advance()
    after = try walk.state()
  }

  /// From the last checkpoint at or before the step, or from the start.
  private static func walk(_ records: RunRecords, _ blueprint: Blueprint, step: Int) throws(RunError) -> StepWalk {
    guard let entry = records.checkpoints.last(where: { $0.step <= step }) else {
      return try StepWalk(
        blueprint,
        from: TrainingState(
          initial: blueprint.plan.layout, seed: blueprint.configuration.seed, updates: blueprint.updates))
    }
    let contents: CheckpointContents
    do { contents = try CheckpointStore.load(entry.path) } catch { throw RunError.unusable(error) }
    return try StepWalk(
      blueprint, from: try records.state(of: contents, at: entry.path), pending: contents.state.pending)
  }

  /// Computes the step once more and takes down a micro-batch of it.
  func record(_ microBatch: Int, wanted: Int? = nil) throws(RunError) -> StepRecorder {
    let recorder = StepRecorder(microBatch: microBatch, wanted: wanted)
    try StepWalk(blueprint, from: before, pending: pending).advance(inspector: recorder)
    return recorder
  }
}
