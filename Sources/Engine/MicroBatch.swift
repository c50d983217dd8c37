/// The samples that an executor works on: borrowed memory that must outlive the call.
@unsafe
package struct MicroBatch {
  /// Normalised pixels, [sample][row][column][channel].
  package let images: UnsafeBufferPointer<Float>
  /// One class per sample; or per position of a sample, [sample][row][column], where the losses read so many.
  package let labels: UnsafeBufferPointer<Int32>
  /// Dense targets, in the order of the program's list, each [sample][row][column][channel]; none for most losses.
  package let targets: [UnsafeBufferPointer<Float>]
  /// One sample id per sample; it keys dropout.
  package let samples: UnsafeBufferPointer<UInt64>
  /// How many samples count, from the first; the rest is padding of an evaluation's last micro-batch.
  package let valid: Int

  /// Samples in borrowed memory.
  package init(
    images: UnsafeBufferPointer<Float>, labels: UnsafeBufferPointer<Int32>, samples: UnsafeBufferPointer<UInt64>,
    valid: Int, targets: [UnsafeBufferPointer<Float>]
  ) {
    unsafe self.images = images
    unsafe self.labels = labels
    unsafe self.targets = targets
    unsafe self.samples = samples
    unsafe self.valid = valid
  }
}

/// What a step gives to every micro-batch.
package struct StepContext: Hashable, Sendable {
  /// The run's seed; it keys dropout.
  package let seed: UInt64
  /// The step, from 0.
  package let step: Int
  /// Samples of the global batch: the loss gradient is divided by it.
  package let globalBatch: Int

  /// The context of step `step`.
  package init(seed: UInt64, step: Int, globalBatch: Int) {
    self.seed = seed
    self.step = step
    self.globalBatch = globalBatch
  }
}

/// What one micro-batch adds to the metrics.
package struct Score: Hashable, Sendable {
  /// The sum of the samples' losses, with those of the heads in training.
  package var loss: Double = 0
  /// The number of samples whose answer is right; see `LossFunction`.
  package var correct = 0
  /// The number of samples.
  package var samples = 0

  /// A score; by default of nothing.
  package init(loss: Double = 0, correct: Int = 0, samples: Int = 0) {
    self.loss = loss
    self.correct = correct
    self.samples = samples
  }
}
