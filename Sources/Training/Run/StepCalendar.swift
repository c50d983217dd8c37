import Configuration
import Datasets

/// What happens after a step: a pure function of the configuration and the step, so that all ranks agree without a
/// word; wishes that depend on a clock or a signal travel as votes.
package struct StepCalendar: Hashable, Sendable {
  /// What all ranks do together after a step.
  package struct Directive: Hashable, Sendable {
    /// Score the test data.
    package var evaluate = false
    /// Write a checkpoint.
    package var save = false
    /// End the run.
    package var stop = false

    /// Nothing to do but go on.
    package init() {}

    fileprivate init(evaluate: Bool, save: Bool, stop: Bool) {
      self.evaluate = evaluate
      self.save = save
      self.stop = stop
    }
  }

  private let configuration: RunConfiguration
  private let samples: Int
  private let steps: Int

  /// The calendar of a run.
  package init(_ blueprint: Blueprint) {
    configuration = blueprint.configuration
    samples = blueprint.dataset.train.count
    steps = blueprint.steps
  }

  /// What is due after step `step` with these votes.
  package func directive(after step: Int, metrics: StepMetrics) -> Directive {
    let done = step + 1
    let isLast = done == steps
    let saves = configuration.checkpoint
    let savesAtStep = saves.everySteps.map { done % $0 == 0 } ?? false
    return Directive(
      evaluate: isLast || passes(configuration.evaluate.everyEpochs, at: done),
      save: isLast || metrics.stop || metrics.save || savesAtStep || passes(saves.everyEpochs, at: done),
      stop: metrics.stop && !isLast)
  }

  /// The evaluations that are followed by another step.
  var evaluationsBeforeEnd: Int {
    configuration.evaluate.everyEpochs.map { Int(min(1e9, count(of: $0, after: steps - 1))) } ?? 0
  }

  /// Whether a multiple of `interval` epochs is passed by the last of `done` steps.
  private func passes(_ interval: Double?, at done: Int) -> Bool {
    guard let interval else { return false }
    return count(of: interval, after: done) > count(of: interval, after: done - 1)
  }

  /// How many times `interval` epochs have been passed after so many steps.
  private func count(of interval: Double, after steps: Int) -> Double {
    (Double(steps * configuration.train.globalBatch) / (Double(samples) * interval)).rounded(.down)
  }

  /// The epoch whose end an evaluation after `done` steps belongs to, as text: "1" where the step has passed the end of
  /// epoch 1, be it by some samples; "1.28" where none was due.
  package func evaluationLabel(after done: Int) -> String {
    let train = configuration.train
    if let interval = configuration.evaluate.everyEpochs, passes(interval, at: done) {
      return Display.trimmed(count(of: interval, after: done) * interval, 4)
    }
    // The end of a run that was given in epochs is due as well.
    if done == steps, train.steps == nil, let epochs = train.epochs { return Display.trimmed(epochs, 4) }
    return Display.decimal(Double(done * train.globalBatch) / Double(samples), 2)
  }
}
