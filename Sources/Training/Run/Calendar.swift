import Datasets

/// What happens after a step: a pure function of the configuration and the step, so that all ranks agree without a
/// word; wishes that depend on a clock or a signal travel as votes.
package struct Calendar: Hashable, Sendable {
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

  /// Whether a multiple of `interval` epochs is passed by the last of `done` steps.
  private func passes(_ interval: Double?, at done: Int) -> Bool {
    guard let interval else { return false }
    let batch = configuration.train.globalBatch
    let count = { (steps: Int) in (Double(steps * batch) / (Double(samples) * interval)).rounded(.down) }
    return count(done) > count(done - 1)
  }
}
