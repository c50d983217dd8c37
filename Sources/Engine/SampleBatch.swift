import Network
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

  /// Hands the samples to an executor; they stay valid while `body` runs.
  package func withMicroBatch<Result, Failure: Error>(
    _ body: (MicroBatch) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe images.withUnsafeBufferPointer { images throws(Failure) in
      try unsafe labels.withUnsafeBufferPointer { labels throws(Failure) in
        try unsafe ids.withUnsafeBufferPointer { ids throws(Failure) in
          try unsafe Self.withBuffers(targets[...], []) { targets throws(Failure) in
            try unsafe body(
              MicroBatch(images: images, labels: labels, samples: ids, valid: valid, targets: targets))
          }
        }
      }
    }
  }

  private static func withBuffers<Result, Failure: Error>(
    _ arrays: ArraySlice<[Float]>, _ found: [UnsafeBufferPointer<Float>],
    _ body: ([UnsafeBufferPointer<Float>]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let first = arrays.first else { return try unsafe body(found) }
    return try unsafe first.withUnsafeBufferPointer { buffer throws(Failure) in
      try unsafe withBuffers(arrays.dropFirst(), found + [buffer], body)
    }
  }
}

extension Executor {
  /// Runs the training program on samples, parameters and a gradient with memory of their own; see
  /// `train(_:parameters:gradient:context:observer:)`.
  package mutating func train<Observer: ProgramObserver & ~Copyable>(
    _ samples: SampleBatch, parameters: [Float], gradient: inout [Float], context: StepContext,
    observer: inout Observer
  ) throws(Observer.Failure) -> Score {
    precondition(parameters.count == layout.count, "\(layout.count) parameters")
    precondition(gradient.count == layout.exchangedCount, "\(layout.exchangedCount) numbers of the gradient")
    return try unsafe samples.withMicroBatch { batch throws(Observer.Failure) in
      try unsafe parameters.withUnsafeBufferPointer { parameters throws(Observer.Failure) in
        try unsafe gradient.withUnsafeMutableBufferPointer { gradient throws(Observer.Failure) in
          guard let p = parameters.baseAddress, let g = gradient.baseAddress else { return Score() }
          return try unsafe train(batch, parameters: p, gradient: g, context: context, observer: &observer)
        }
      }
    }
  }

  /// Runs the evaluation program on samples and parameters with memory of their own.
  package mutating func evaluate(_ samples: SampleBatch, parameters: [Float]) -> Score {
    precondition(parameters.count == layout.count, "\(layout.count) parameters")
    var observer = NoObserver()
    return unsafe samples.withMicroBatch { batch in
      unsafe parameters.withUnsafeBufferPointer { parameters in
        guard let p = parameters.baseAddress else { return Score() }
        return unsafe evaluate(batch, parameters: p, observer: &observer)
      }
    }
  }
}
