import Operators
package import Planner
import Randomness

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
