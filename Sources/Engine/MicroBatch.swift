import Operators
package import Planner
import Randomness

/// The samples that a program works on, in memory that is borrowed from the caller.
package struct MicroBatch: ~Escapable {
  /// Normalised pixels, [sample][row][column][channel].
  package let images: Span<Float>
  /// One class per sample; or per position of a sample, [sample][row][column], where the losses read so many.
  package let labels: Span<Int32>
  /// Dense targets, in the order of the program's list, each [sample][row][column][channel]; none for most losses.
  package let targets: Span<[Float]>
  /// One sample id per sample; it keys dropout.
  package let samples: Span<UInt64>
  /// How many samples count, from the first; the rest is padding of an evaluation's last micro-batch.
  package let valid: Int

  /// Samples in borrowed memory.
  @_lifetime(copy images, copy labels, copy samples, copy targets)
  package init(
    images: Span<Float>, labels: Span<Int32>, samples: Span<UInt64>, valid: Int, targets: Span<[Float]> = Span()
  ) {
    self.images = images
    self.labels = labels
    self.targets = targets
    self.samples = samples
    self.valid = valid
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

/// The samples of a micro-batch with memory of their own: for benchmarks, comparisons and tests.
package struct SampleBatch: Hashable, Sendable {
  /// Normalised pixels, [sample][row][column][channel].
  package var images: [Float]
  /// One class per sample, or per position of a sample.
  package var labels: [Int32]
  /// Dense targets, in the order of the program's list.
  package var targets: [[Float]]
  /// One sample id per sample.
  package var ids: [UInt64]
  /// How many samples count, from the first.
  package var valid: Int

  /// Samples that all count.
  package init(images: [Float], labels: [Int32], targets: [[Float]] = [], ids: [UInt64]) {
    self.images = images
    self.labels = labels
    self.targets = targets
    self.ids = ids
    self.valid = ids.count
  }

  /// Random samples of all that `program` reads, a pure function of `seed`: pixels and target values from -1 to 1.
  package init(randomFor program: Program, seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("random samples"))
    let samples = program.batch
    let classes = program.classes ?? 4
    self.init(
      images: (0..<program[program.images].count).map { _ in 2 * stream.uniform() - 1 },
      labels: (0..<samples * (program.labels?.count ?? 1)).map { _ in Int32(stream.integer(below: classes)) },
      targets: program.targets.map { target in
        (0..<samples * target.shape.count).map { _ in 2 * stream.uniform() - 1 }
      },
      ids: (0..<samples).map(UInt64.init))
  }

  /// The samples as a program takes them.
  package var microBatch: MicroBatch {
    MicroBatch(
      images: images.span, labels: labels.span, samples: ids.span, valid: valid, targets: targets.span)
  }
}
