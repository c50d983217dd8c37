import Checkpoints
import Configuration
import Datasets
import Optimizers

/// Speed and progress of a run, for the console and the metrics.
struct ProgressReporter {
  /// On a terminal the line is renewed often, elsewhere a plain line now and then.
  private static let terminalInterval = 0.25
  private static let plainInterval = 10.0

  private let console: Console
  private let blueprint: Blueprint
  private let firstStep: Int
  private let started = ContinuousClock.now
  private let secondsBefore: Double
  private var lastDrawn = ContinuousClock.now
  private var lastTold = ContinuousClock.now
  private var recent: Window
  private var imagesBefore = ImageCache.Counts()
  /// Seconds spent in steps, without evaluation and checkpoints.
  private(set) var training = StepTiming()
  private var stepsTaken = 0

  /// Sums since the last metrics line.
  private struct Window {
    var sums = TrainingSums()
    /// The samples that `timing` is of: not those before a resume.
    var timedSamples = 0
    var timing = StepTiming()
  }

  /// A reporter for the steps from `firstStep` on.
  ///
  /// - Parameters:
  ///   - pending: the sums of steps before that no metrics line tells of.
  ///   - secondsBefore: the seconds that the run has taken before it was resumed.
  init(console: Console, blueprint: Blueprint, firstStep: Int, pending: TrainingSums, secondsBefore: Double) {
    self.console = console
    self.blueprint = blueprint
    self.firstStep = firstStep
    self.secondsBefore = secondsBefore
    recent = Window(sums: pending)
  }

  /// The sums of the steps since the last metrics line.
  var pending: TrainingSums { recent.sums }

  /// Takes up a finished step and shows progress when it is time to.
  mutating func note(step: Int, metrics: StepMetrics, gradientNorm: Double?, timing: StepTiming) {
    recent.sums.loss += metrics.loss
    if let gradientNorm { recent.sums.gradientNorm = (recent.sums.gradientNorm ?? 0) + gradientNorm }
    recent.sums.correct += metrics.correct
    recent.sums.samples += metrics.samples
    recent.sums.steps += 1
    recent.timedSamples += metrics.samples
    recent.timing += timing
    training += timing
    stepsTaken += 1
    if console.isInteractive, lastDrawn.secondsUntilNow >= Self.terminalInterval {
      lastDrawn = ContinuousClock.now
      console.draw(progress(step: step))
    }
    if console.takesPlainProgress, lastTold.secondsUntilNow >= Self.plainInterval {
      lastTold = ContinuousClock.now
      console.tell(progress(step: step))
    }
  }

  private func progress(step: Int) -> Progress {
    Progress(
      epoch: blueprint.epochs(after: step + 1), epochs: Double(blueprint.steps) / blueprint.stepsPerEpoch,
      step: step + 1, steps: blueprint.steps, loss: meanLoss, accuracy: accuracy, imagesPerSecond: imagesPerSecond,
      exchangeShare: exchangeShare,
      secondsLeft: Double(blueprint.steps - step - 1) * training.wall / Double(stepsTaken))
  }

  private var meanLoss: Double { recent.sums.loss / Double(max(1, recent.sums.steps)) }
  private var accuracy: Double { Double(recent.sums.correct) / Double(max(1, recent.sums.samples)) }
  private var exchangeShare: Double { recent.timing.exchange / max(1e-9, recent.timing.wall) }

  /// Images of all workers per second of training, since the last metrics line.
  private var imagesPerSecond: Double { Double(recent.timedSamples) / max(1e-9, recent.timing.wall) }

  /// Images of all workers per second of training, over the whole run.
  var overallImagesPerSecond: Double {
    Double(stepsTaken * blueprint.configuration.train.globalBatch) / max(1e-9, training.wall)
  }

  /// Seconds of the run, those before a resume included.
  var wallSeconds: Double { secondsBefore + started.secondsUntilNow }

  /// The metrics since the last call, after `done` steps; nil if there were none.
  mutating func takeMetrics(after done: Int, schedule: ScheduleState) -> MetricsEntry? {
    guard recent.sums.steps > 0 else { return nil }
    let images = blueprint.cache?.counts
    defer { (recent, imagesBefore) = (Window(), images ?? ImageCache.Counts()) }
    var entry = MetricsEntry(
      kind: .train, step: done, epoch: blueprint.epochs(after: done), loss: meanLoss, accuracy: accuracy,
      samples: recent.sums.samples, learningRate: blueprint.rate(step: done - 1, state: schedule),
      imagesPerSecond: imagesPerSecond,
      exchangeShare: exchangeShare, inputShare: recent.timing.input / max(1e-9, recent.timing.wall),
      loadingShare: recent.timing.loading / max(1e-9, recent.timing.wall),
      cacheShare: images.map { $0.share(since: imagesBefore) },
      wallSeconds: wallSeconds)
    entry.gradientNorm = recent.sums.gradientNorm.map { $0 / Double(recent.sums.steps) }
    return entry
  }
}
