// Training: a run. `Run` has the main job with its set-up, coordinator, console and limits of the machine, `Step` what
// one rank does in a step, `Verification` what is computed twice to find ranks that compute wrongly, `Evaluation` the
// scores of test data, `Identity` what ranks agree on and what may differ when a checkpoint is used again, `Chaos`
// faults on purpose. Whoever wants to look on hands in an observer.

import Checkpoints
package import Collectives
import Configuration
import Datasets
import Kernels
import Planner
package import RankWatch

/// Looks at the steps of a run from outside, as debug mode does.
package protocol StepObserver: InstructionObserver {
  /// A step begins.
  func begin(step: Int)
  /// A step has ended.
  func end(_ metrics: StepMetrics)
}

/// The main job on one rank: set-up that all ranks agree on, the loop over the steps, and the end.
package struct Trainer {
  private let communicator: any Communicator
  private let request: TrainRequest
  private let signals: StopSignals
  private let console: Console
  private let coresPerRank: CoreBudget
  private let watch: RankWatch?
  private let observer: ((Blueprint, Console) -> any StepObserver)?

  /// A trainer for this rank.
  ///
  /// - Parameters:
  ///   - request: what the command line asks for, the same on every rank.
  ///   - communicator: the ranks.
  ///   - coresPerRank: what `lanes: auto` may use.
  ///   - signals: wishes of the operating system.
  ///   - console: where rank 0 speaks; the others are silent.
  ///   - watch: who watches over the ranks; nil for a process alone.
  ///   - observer: makes the observer of the run's steps, of one that has one.
  package init(
    _ request: TrainRequest, communicator: any Communicator, coresPerRank: CoreBudget, signals: StopSignals,
    console: Console, watch: RankWatch? = nil, observer: ((Blueprint, Console) -> any StepObserver)? = nil
  ) {
    self.request = request
    self.communicator = communicator
    self.coresPerRank = coresPerRank
    self.signals = signals
    self.console = communicator.rank == 0 ? console : Console(isSilent: true)
    self.watch = watch
    self.observer = observer
  }

  /// Trains.
  ///
  /// - Throws: `RunError`; with code `unusable` nothing was done, on any rank.
  package func run() throws(RunError) {
    let prepared = try RunSetup.prepare(
      request, communicator: communicator, coresPerRank: coresPerRank, console: console)
    guard let setup = prepared else { return }
    let worker = try setup.worker(communicator, givesUp: givesUp(setup.blueprint))
    defer { worker.end() }
    watch?.report(to: failureReport(setup).reporter, deadline: setup.blueprint.configuration.exchange.timeout)
    signals.beginSteps()
    do {
      try loop(setup, worker)
    } catch {
      setup.coordinator?.settle()
      throw error
    }
  }

  /// Whether the step under way is to be given up because a stop was asked for, here or on another rank; nil where
  /// the end of a step is waited for.
  private func givesUp(_ blueprint: Blueprint) -> (@Sendable () -> Bool)? {
    guard blueprint.givesUpSteps(ranks: communicator.size) else { return nil }
    let watch = watch
    return {
      guard StopSignals.isStopAsked else { return watch?.isStopPassedOn ?? false }
      watch?.passOnStop()
      return true
    }
  }

  private func failureReport(_ setup: RunSetup) -> FailureReport {
    FailureReport(ranks: communicator.size, directory: setup.directory, plan: setup.blueprint.plan)
  }

  private func loop(_ setup: RunSetup, _ worker: Worker) throws(RunError) {
    let calendar = StepCalendar(setup.blueprint)
    let observer = observer?(setup.blueprint, console)
    var log = RankLog(
      directory: setup.directory, rank: communicator.rank, host: communicator.host, lanes: setup.lanes)
    if let problem = setup.cacheProblem { log.note(problem) }
    var evaluation: Evaluation?
    // Only the first rank has the result, so its absence says nothing about whether all have evaluated.
    var isEvaluated = false
    var step = setup.firstStep
    var saved = step
    while step < setup.blueprint.steps {
      communicator.activity.begin(step: step)
      let metrics = try take(step, worker, setup, observer)
      communicator.activity.begin(.settingUp)
      // A new run has no checkpoint of its start.
      let isSaved = saved == step && step > 0
      if metrics.isGivenUp { return try giveUp(step, isSaved: isSaved, setup, worker) }
      guard metrics.isFinite else { throw try notFinite(step, metrics, isSaved: isSaved, setup, worker) }
      let directive = calendar.directive(after: step, metrics: metrics)
      step += 1
      log.note(worker.timing)
      if directive != StepCalendar.Directive() { log.flush(after: step, images: setup.blueprint.cache?.counts) }
      isEvaluated = directive.evaluate
      if isEvaluated {
        if let found = try worker.compareReplicas(after: step - 1) { throw miscomputed(found, setup) }
        evaluation = try worker.evaluate()
        if let evaluation {
          try setup.coordinator?.note(evaluation: evaluation, after: step, schedule: worker.schedule)
        }
        try worker.note(evaluation.flatMap { setup.coordinator?.scores(of: $0) })
      }
      if directive.save {
        communicator.activity.begin(.saving)
        saved = step
        if let state = try worker.snapshot(step: step) { setup.coordinator?.save(state) }
      }
      if directive.stop { return try stop(after: step, setup, worker) }
    }
    if !isEvaluated { evaluation = try worker.evaluate() }
    communicator.activity.begin(.saving)
    try setup.coordinator?.finish(after: step, evaluation: evaluation, worker: worker)
  }

  private func take(
    _ step: Int, _ worker: Worker, _ setup: RunSetup, _ observer: (any StepObserver)?
  ) throws(RunError) -> StepMetrics {
    var votes = signals.votes()
    setup.coordinator?.addVotes(to: &votes)
    request.chaos.strike(step: step, rank: communicator.rank)
    observer?.begin(step: step)
    let inspector = request.chaos.observer(
      step: step, rank: communicator.rank, setup.blueprint.plan.training, beside: observer)
    let metrics = try worker.step(step, votes: votes, inspector: inspector)
    if !metrics.isGivenUp, let found = try worker.recompute(step: step) { throw miscomputed(found, setup) }
    observer?.end(metrics)
    guard !metrics.isGivenUp, metrics.isFinite else { return metrics }
    try setup.coordinator?.note(step: step, metrics: metrics, worker: worker)
    return metrics
  }

  /// Takes the step back that was given up, and saves the state before it.
  private func giveUp(_ step: Int, isSaved: Bool, _ setup: RunSetup, _ worker: Worker) throws(RunError) {
    communicator.activity.begin(.saving)
    try worker.takeBack()
    if !isSaved, let state = try worker.snapshot(step: step) { setup.coordinator?.save(state) }
    try stop(after: step, setup, worker)
  }

  /// The end of a run of which a rank computes wrongly; nothing of the step is kept.
  private func miscomputed(_ found: Miscomputation, _ setup: RunSetup) -> RunError {
    communicator.activity.begin(.saving)
    setup.coordinator?.settle()
    if communicator.rank == 0 { failureReport(setup).report(found) }
    var error = RunError(.miscomputed, found.message, isCollective: true)
    error.isReported = true
    return error
  }

  private func stop(after done: Int, _ setup: RunSetup, _ worker: Worker) throws(RunError) {
    communicator.activity.begin(.saving)
    try setup.coordinator?.finish(after: done, evaluation: nil, worker: worker)
    throw RunError(
      .stopped,
      "stopped on request after step \(done) of \(setup.blueprint.steps), everything is saved; continue with: "
        + Starter.resume(setup.directory.path, ranks: communicator.size),
      isCollective: true)
  }

  /// Takes a step back whose loss or gradient is not finite, finds out where that began, and saves the state before it.
  /// Where a step cannot be taken back, the last checkpoint is what is left.
  private func notFinite(
    _ step: Int, _ metrics: StepMetrics, isSaved: Bool, _ setup: RunSetup, _ worker: Worker
  ) throws(RunError) -> RunError {
    communicator.activity.begin(.saving)
    let recorded = worker.microBatchDigests
    var before: TrainingState?
    if setup.blueprint.keepsUndo(ranks: communicator.size) {
      try worker.takeBack()
      before = try worker.snapshot(step: step)
    }
    // Only when rank 0 has had its say may any rank end.
    guard let coordinator = setup.coordinator else {
      return RunError(.notFinite, try Agreement(communicator).share(nil), isCollective: true)
    }
    var fault = NumericalFault(
      step: step, loss: metrics.loss, parameters: before?.parameters, blueprint: setup.blueprint,
      ranks: communicator.size)
    // Saved before the search, which may take long.
    if let before, !fault.isSpoiledBefore, !isSaved { coordinator.save(before) }
    fault.search(recorded: recorded, communicator.activity)
    communicator.activity.begin(.saving)
    coordinator.settle()
    let error = failureReport(setup).report(fault)
    _ = try Agreement(communicator).share(error.description)
    return error
  }
}
