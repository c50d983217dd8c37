import Checkpoints
import Collectives
import Configuration
import Optimizers
import Training

/// A run that is taken up at a state and carried on alone, on one core, just as the run itself went on; nothing is
/// written.
final class StepWalk {
  /// The run.
  let blueprint: Blueprint
  /// The next step.
  private(set) var step: Int
  private let worker: Worker
  private let calendar: StepCalendar
  private var sums: TrainingSums

  /// A walk from `state` on.
  ///
  /// - Parameter pending: the sums of the steps that no line of metrics told of at that state.
  /// - Throws: `RunError` if memory is short.
  init(
    _ blueprint: Blueprint, from state: TrainingState, pending: TrainingSums = TrainingSums()
  ) throws(RunError) {
    self.blueprint = blueprint
    step = state.step
    sums = pending
    calendar = StepCalendar(blueprint)
    worker = try Worker(blueprint: blueprint, communicator: SoloCommunicator(), lanes: 1, state: state)
  }

  deinit { worker.end() }

  /// The parameters before the next step.
  var parameters: [Float] { worker.parameters }

  /// Takes the next step.
  ///
  /// - Parameter inspector: looks at each instruction.
  /// - Returns: the line that the ledger should have of it.
  @discardableResult
  func advance(inspector: (any InstructionObserver)? = nil) throws(RunError) -> LedgerEntry {
    let metrics = try worker.step(step, votes: Votes(), inspector: inspector)
    let entry = worker.ledgerEntry(step: step, metrics)
    sums.loss += metrics.loss
    sums.steps += 1
    try evaluate(calendar.directive(after: step, metrics: metrics))
    step += 1
    return entry
  }

  /// The rates to come may depend on what the run has seen here.
  private func evaluate(_ directive: StepCalendar.Directive) throws(RunError) {
    guard directive.evaluate, worker.followsEvaluations else { return }
    let trainLoss = sums.loss / Double(sums.steps)
    try worker.note(try worker.evaluate().map { ScheduleScores($0, trainLoss: trainLoss) })
    sums = TrainingSums()
  }

  /// The state before the next step.
  func state() throws(RunError) -> TrainingState {
    guard let state = try worker.snapshot(step: step) else {
      preconditionFailure("a process alone is rank 0, which has the state")
    }
    return state
  }

  /// The sums to go on with from `state()`.
  var pending: TrainingSums { sums }
}
