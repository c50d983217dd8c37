import Planner

/// What a rank asks for in a step; the asks of all ranks travel in the trailer and are counted.
package struct Votes: Hashable, Sendable {
  /// Save and stop after this step.
  package var stop = false
  /// Save after this step and go on.
  package var save = false

  /// No wishes.
  package init() {}
}

/// The metrics and votes of a finished step, the same on every rank.
package struct StepMetrics: Hashable, Sendable {
  /// The mean loss over the global batch.
  package let loss: Double
  /// The number of samples whose label was the first guess.
  package let correct: Int
  /// The number of samples.
  package let samples: Int
  /// Whether any rank asked to stop.
  package let stop: Bool
  /// Whether any rank asked to save.
  package let save: Bool
  /// Whether the step was given up on any rank, so that nothing of it counts.
  package private(set) var isGivenUp = false
  /// Whether the loss and each number of the reduced gradient are finite.
  package private(set) var isFinite = true

  /// The metrics and votes of a step.
  package init(loss: Double, correct: Int, samples: Int, stop: Bool = false, save: Bool = false) {
    self.loss = loss
    self.correct = correct
    self.samples = samples
    self.stop = stop
    self.save = save
  }

  /// Reads the metrics where the exchange left them.
  init(parameters: UnsafePointer<Float>, layout: FlatLayout, gradientIsFinite: Bool) {
    let value = { (metric: Metric) in unsafe parameters[layout.index(of: metric)] }
    samples = Int(value(.samples))
    loss = Double(value(.loss)) / Double(max(1, samples))
    correct = Int(value(.correct))
    stop = value(.stopVotes) > 0
    save = value(.saveVotes) > 0
    isGivenUp = value(.givenUp) > 0
    isFinite = loss.isFinite && gradientIsFinite
  }
}
