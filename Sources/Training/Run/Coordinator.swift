import Checkpoints
import Configuration
import Datasets
import Foundation
import Interchange
import Kernels
import Optimizers
import Planner
import StrictYAML

/// The role that rank 0 plays beside its own work: run directory, ledger, metrics, checkpoints, verdicts.
final class Coordinator {
  /// Where the run writes.
  let directory: RunDirectory
  private let blueprint: Blueprint
  private let ledger: JSONLinesFile
  private let metrics: JSONLinesFile
  private let writer: CheckpointWriter
  private let identity: RunIdentity
  private let workplace: Workplace
  private let lock: RunLock
  /// The checkpoint that a resumed run began with.
  private let origin: String?
  private(set) var progress: ProgressReporter
  private let console: Console
  private var best: (accuracy: Double, step: Int)?
  private var lastEvaluation: Evaluation?
  private var lastTrainLoss: Double?
  private var lastSave = ContinuousClock.now
  private var watch: TrainingWatch
  private var trainingMetrics: MetricsEntry?

  /// Opens the run directory: creates it for a new run, cuts its records back to the checkpoint for a resumed one.
  ///
  /// - Throws: `RunError` with code `unusable` if it cannot be written or there is no room for checkpoints.
  init(
    _ start: RunStart, blueprint: Blueprint, identity: RunIdentity, workplace: Workplace, chaos: ChaosPlan,
    console: Console
  ) throws(RunError) {
    let state = start.checkpoint?.contents.state
    let firstStep = state?.step ?? 0
    self.blueprint = blueprint
    self.identity = identity
    self.workplace = workplace
    self.console = console
    origin = start.checkpoint?.path
    lastTrainLoss = state?.trainLoss
    do {
      try Coordinator.checkRoom(at: start.place.path, blueprint: blueprint)
      (directory, lock) = try start.place.open()
      // Checkpoints of later steps would otherwise lead past the end of the ledger.
      if start.isResumed {
        let passedOver = start.checkpoint?.passedOver.map(\.name) ?? []
        try CheckpointStore(directory: directory.checkpoints).discard(after: firstStep, keeping: passedOver)
      }
      try JSONLinesFile.truncate(directory.ledger) { $0 < firstStep }
      try JSONLinesFile.truncate(directory.metrics) { $0 <= firstStep }
      let ledger = try JSONLinesFile(directory.ledger)
      let metrics = try JSONLinesFile(directory.metrics)
      try directory.record(identity)
      // A checkpoint is committed only when the lines that lead to it are on the disk.
      writer = CheckpointWriter(store: chaos.store(in: directory.checkpoints)) {
        try ledger.synchronize()
        try metrics.synchronize()
      }
      self.ledger = ledger
      self.metrics = metrics
    } catch {
      throw RunError.unusable(error)
    }
    if let state {
      best = state.bestAccuracy.flatMap { accuracy in state.bestStep.map { (accuracy, $0) } }
    }
    watch = TrainingWatch(blueprint)
    progress = ProgressReporter(
      console: console, blueprint: blueprint, firstStep: firstStep, pending: state?.pending ?? TrainingSums(),
      secondsBefore: state?.wallSeconds ?? 0)
  }

  /// Two checkpoints must fit beside what is there: the one that is written and the one before it.
  private static func checkRoom(at path: String, blueprint: Blueprint) throws {
    let layout = blueprint.plan.layout
    let values = layout.parameterCount + blueprint.updates.states.count * layout.trainedCount
    let needed = 2 * 4 * values + (1 << 16)
    // What else is wrong with the place shows when the directory is made.
    guard let bytes = try? CheckpointStore.freeBytes(at: path) else { return }
    let free = Int(clamping: bytes)
    guard free >= needed else {
      throw RunError(
        .unusable,
        "\(path): two checkpoints need \(Display.bytes(needed)), but only \(Display.bytes(free)) are free; "
          + "free some space or choose another --run-dir")
    }
  }

  /// The wishes of the clock.
  func addVotes(to votes: inout Votes) {
    guard let minutes = blueprint.configuration.checkpoint.everyMinutes else { return }
    if lastSave.secondsUntilNow >= 60 * minutes {
      votes.save = true
      lastSave = ContinuousClock.now
    }
  }

  /// Writes the step into the ledger and shows progress.
  func note(step: Int, metrics stepMetrics: StepMetrics, worker: Worker) throws(RunError) {
    lastTrainLoss = stepMetrics.loss
    let entry = worker.ledgerEntry(step: step, stepMetrics)
    try RunError.asFailed { try ledger.append(entry) }
    progress.note(step: step, metrics: stepMetrics, gradientNorm: worker.gradientNorm, timing: worker.timing)
    try RunError.asFailed { try writer.poll() }
  }

  /// Writes an evaluation, and the training metrics before it, and shows both.
  func note(evaluation: Evaluation, after done: Int, schedule: ScheduleState) throws(RunError) {
    try flushMetrics(after: done, schedule: schedule)
    lastEvaluation = evaluation
    let epoch = blueprint.epochs(after: done)
    var entry = MetricsEntry(
      kind: .evaluation, step: done, epoch: epoch, loss: evaluation.loss, accuracy: evaluation.accuracy,
      samples: evaluation.samples, wallSeconds: progress.wallSeconds)
    (entry.averageLoss, entry.averageAccuracy) = (evaluation.average?.loss, evaluation.average?.accuracy)
    try RunError.asFailed { try metrics.append(entry) }
    console.evaluation(
      EvaluationEvent(
        evaluation: evaluation, label: StepCalendar(blueprint).evaluationLabel(after: done), epoch: epoch, step: done,
        steps: blueprint.steps, imagesPerSecond: progress.overallImagesPerSecond))
    warn(evaluation, after: done)
  }

  /// The scores of an evaluation that has been noted, for the schedule.
  func scores(of evaluation: Evaluation) -> ScheduleScores {
    ScheduleScores(evaluation, trainLoss: trainingMetrics?.loss ?? .nan)
  }

  /// Says what the scores so far tell of a run that trains in vain.
  private func warn(_ evaluation: Evaluation, after done: Int) {
    let warnings = watch.note(
      trainingLoss: trainingMetrics?.loss, loss: evaluation.loss, accuracy: evaluation.accuracy,
      samples: evaluation.samples, epochs: blueprint.epochs(after: done), isLast: done == blueprint.steps)
    for warning in warnings { console.warning(warning) }
  }

  private func flushMetrics(after done: Int, schedule: ScheduleState) throws(RunError) {
    guard let entry = progress.takeMetrics(after: done, schedule: schedule) else { return }
    trainingMetrics = entry
    try RunError.asFailed { try metrics.append(entry) }
    console.metrics(entry)
  }

  /// Hands a snapshot to the writer, which commits it behind the training.
  func save(_ state: TrainingState) {
    let isBest = lastEvaluation.map { $0.accuracy > (best?.accuracy ?? -1) } ?? false
    if isBest, let accuracy = lastEvaluation?.accuracy { best = (accuracy, state.step) }
    let layout = blueprint.plan.layout
    let model = ModelTensors.model(state, layout: layout)
    var runState = RunState(
      identity: identity, step: state.step, workers: workplace.workers, lanes: workplace.lanes,
      weightsSHA256: WeightsHash.sha256(model))
    runState.wallSeconds = progress.wallSeconds
    runState.pending = progress.pending
    runState.statesSince = state.statesSince
    if state.schedule != ScheduleState() { runState.schedule = state.schedule }
    runState.trainLoss = lastTrainLoss
    (runState.testLoss, runState.testAccuracy) = (lastEvaluation?.loss, lastEvaluation?.accuracy)
    (runState.bestAccuracy, runState.bestStep) = (best?.accuracy, best?.step)
    writer.submit(
      CheckpointContents(
        model: model, optimizer: ModelTensors.optimizer(state, updates: blueprint.updates, layout: layout),
        state: runState),
      keep: blueprint.configuration.checkpoint.keep, best: isBest)
    lastEvaluation = nil
    lastSave = ContinuousClock.now
  }

  /// Waits for the last checkpoint, writes the summary and prints the last line.
  func finish(after done: Int, evaluation: Evaluation?, worker: Worker) throws(RunError) {
    try RunError.asFailed {
      try writer.drain()
      let hash = WeightsHash.sha256(ModelTensors.parameters(worker.parameters, layout: blueprint.plan.layout))
      let checkpoint = writer.lastCommitted ?? origin
      try RunSummary(
        steps: done, epochs: blueprint.epochs(after: done), trainLoss: lastTrainLoss, testLoss: evaluation?.loss,
        testAccuracy: evaluation?.accuracy, averageTestLoss: evaluation?.average?.loss,
        averageTestAccuracy: evaluation?.average?.accuracy, samplesEvaluated: evaluation?.samples,
        imagesPerSecond: progress.overallImagesPerSecond, wallSeconds: progress.wallSeconds,
        workers: workplace.workers, lanes: workplace.lanes, kernels: identity.kernels, checkpoint: checkpoint,
        weightsSHA256: hash
      ).write(to: directory.summary)
      if let recomputed = worker.recomputed { console.note(recomputed) }
      console.end(
        EndEvent(
          checkpoint: checkpoint, weightsSHA256: hash, step: done, steps: blueprint.steps, directory: directory.path,
          wallSeconds: progress.wallSeconds))
    }
  }

  /// Waits for a checkpoint that is being written, before the process ends for another reason.
  func settle() { try? writer.drain() }
}
