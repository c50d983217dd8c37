import Datasets
import Foundation
import Hashing
import Interchange
import Kernels
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
  private let configurationText: String
  /// The checkpoint that a resumed run began with.
  private let origin: String?
  private(set) var progress: ProgressReporter
  private let console: Console
  private var best: (accuracy: Double, step: Int)?
  private var lastEvaluation: Evaluation?
  private var lastTrainLoss: Double?
  private var lastSave = ContinuousClock.now

  /// Opens the run directory: creates it for a new run, cuts its records back to the checkpoint for a resumed one.
  ///
  /// - Throws: `RunError` with code `unusable` if it cannot be written or there is no room for checkpoints.
  init(_ plan: RunPlan, blueprint: Blueprint, identity: RunIdentity, console: Console, isResumed: Bool) throws(RunError)
  {
    let firstStep = plan.checkpoint?.contents.state.step ?? 0
    self.blueprint = blueprint
    self.identity = identity
    self.console = console
    configurationText = plan.configuration.yaml.text
    origin = plan.checkpoint?.path
    lastTrainLoss = plan.checkpoint?.contents.state.trainLoss
    do {
      try Coordinator.checkRoom(in: plan.directory, blueprint: blueprint)
      directory = isResumed ? try plan.directory.reopened() : try RunDirectory.create(at: plan.directory.path)
      // Checkpoints of later steps would otherwise lead past the end of the ledger.
      if isResumed { try CheckpointStore(directory: directory.checkpoints).discard(after: firstStep) }
      try JSONLinesFile.truncate(directory.ledger) { $0 < firstStep }
      try JSONLinesFile.truncate(directory.metrics) { $0 <= firstStep }
      let ledger = try JSONLinesFile(directory.ledger)
      let metrics = try JSONLinesFile(directory.metrics)
      try configurationText.write(toFile: directory.configuration, atomically: true, encoding: .utf8)
      // A checkpoint is committed only when the lines that lead to it are on the disk.
      writer = CheckpointWriter(store: CheckpointStore(directory: directory.checkpoints)) {
        try ledger.synchronize()
        try metrics.synchronize()
      }
      self.ledger = ledger
      self.metrics = metrics
    } catch {
      throw RunError.unusable(error)
    }
    if let state = plan.checkpoint?.contents.state {
      best = state.bestAccuracy.flatMap { accuracy in state.bestStep.map { (accuracy, $0) } }
    }
    progress = ProgressReporter(console: console, blueprint: blueprint, firstStep: firstStep)
  }

  /// Two checkpoints must fit beside what is there: the one that is written and the one before it.
  private static func checkRoom(in directory: RunDirectory, blueprint: Blueprint) throws {
    let needed = 2 * 8 * blueprint.plan.layout.parameterCount + (1 << 16)
    // What else is wrong with the place shows when the directory is made.
    guard let bytes = try? CheckpointStore.freeBytes(at: directory.path) else { return }
    let free = Int(clamping: bytes)
    guard free >= needed else {
      throw RunError(
        .unusable,
        "\(directory.path): two checkpoints need \(Display.bytes(needed)), but only \(Display.bytes(free)) are free; "
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
    let entry = LedgerEntry(
      step: step, samples: MicroBatchDigest.text(blueprint.samplesDigest(step: step)), loss: stepMetrics.loss,
      gradient: MicroBatchDigest.text(worker.gradientDigest), weights: MicroBatchDigest.text(worker.parameterDigest),
      microBatches: worker.microBatchDigests.map(MicroBatchDigest.text))
    do { try ledger.append(entry) } catch { throw failure(error) }
    progress.note(step: step, metrics: stepMetrics, timing: worker.timing)
    do { try writer.poll() } catch { throw failure(error) }
  }

  /// Writes an evaluation, and the training metrics before it, and shows both.
  func note(evaluation: Evaluation, after done: Int) throws(RunError) {
    try flushMetrics(after: done)
    lastEvaluation = evaluation
    let epoch = blueprint.epochs(after: done)
    let entry = MetricsEntry(
      kind: .evaluation, step: done, epoch: epoch, loss: evaluation.loss, accuracy: evaluation.accuracy,
      samples: evaluation.samples, wallSeconds: progress.wallSeconds)
    do { try metrics.append(entry) } catch { throw failure(error) }
    console.evaluation(
      EvaluationEvent(
        evaluation: evaluation, label: Calendar(blueprint).evaluationLabel(after: done), epoch: epoch, step: done,
        steps: blueprint.steps, imagesPerSecond: progress.overallImagesPerSecond))
  }

  private func flushMetrics(after done: Int) throws(RunError) {
    guard let entry = progress.takeMetrics(after: done) else { return }
    do { try metrics.append(entry) } catch { throw failure(error) }
    console.metrics(entry)
  }

  /// Hands a snapshot to the writer, which commits it behind the training.
  func save(_ state: TrainingState) {
    let isBest = lastEvaluation.map { $0.accuracy > (best?.accuracy ?? -1) } ?? false
    if isBest, let accuracy = lastEvaluation?.accuracy { best = (accuracy, state.step) }
    let layout = blueprint.plan.layout
    let model = ModelTensors.model(state, layout: layout)
    let runState = RunState(
      step: state.step, samplesSeen: state.step * blueprint.configuration.train.globalBatch,
      seed: blueprint.configuration.seed, workers: identity.workers, lanes: identity.lanes,
      kernels: identity.kernels, program: ProgramVersion.text, configuration: configurationText,
      fingerprint: Self.hash(ResumeRules.trajectory(of: blueprint.configuration)),
      weightsSHA256: WeightsHash.sha256(model), trainLoss: lastTrainLoss, testLoss: lastEvaluation?.loss,
      testAccuracy: lastEvaluation?.accuracy, bestAccuracy: best?.accuracy, bestStep: best?.step)
    writer.submit(
      CheckpointContents(
        model: model, optimizer: ModelTensors.optimizer(state, layout: layout), state: runState),
      keep: blueprint.configuration.checkpoint.keep, best: isBest)
    lastEvaluation = nil
    lastSave = ContinuousClock.now
  }

  /// Waits for the last checkpoint, writes the summary and prints the last line.
  func finish(after done: Int, evaluation: Evaluation?, worker: Worker) throws(RunError) {
    try flushMetrics(after: done)
    do {
      try writer.drain()
      let hash = WeightsHash.sha256(ModelTensors.parameters(worker.parameters, layout: blueprint.plan.layout))
      let checkpoint = writer.lastCommitted ?? origin
      try RunSummary(
        steps: done, epochs: blueprint.epochs(after: done), trainLoss: lastTrainLoss, testLoss: evaluation?.loss,
        testAccuracy: evaluation?.accuracy, samplesEvaluated: evaluation?.samples,
        imagesPerSecond: progress.overallImagesPerSecond, wallSeconds: progress.wallSeconds,
        workers: identity.workers, lanes: identity.lanes, kernels: identity.kernels, checkpoint: checkpoint,
        weightsSHA256: hash
      ).write(to: directory.summary)
      console.end(
        EndEvent(
          checkpoint: checkpoint, weightsSHA256: hash, step: done, steps: blueprint.steps, directory: directory.path,
          wallSeconds: progress.wallSeconds))
    } catch {
      throw failure(error)
    }
  }

  /// Waits for a checkpoint that is being written, before the process ends for another reason.
  func settle() { try? writer.drain() }

  private func failure(_ error: any Error) -> RunError { RunError.failed(error) }

  private static func hash(_ text: String) -> String {
    SHA256.hexadecimal(of: text)
  }
}

extension Blueprint {
  /// The digest of the ids of all samples of a step, in the order of the stream.
  package func samplesDigest(step: Int) -> UInt64 {
    let batch = configuration.train.globalBatch
    var digest = Digest()
    digest.update(words: (step * batch..<(step + 1) * batch).map { UInt64(order.sample(at: $0).index) })
    return digest.finish()
  }
}
