import Configuration
import Datasets
import Engine
import Kernels
import Operators

/// A micro-batch of test data in memory of its own.
struct TestBatch: ~Copyable {
  private let loader: MicroBatchLoader
  private let size: Int
  private let count: Int
  private var images: AlignedBuffer
  private var labels: [Int32]
  private var samples: [UInt64]
  private var valid = 0

  init(blueprint: Blueprint) throws(KernelError) {
    loader = blueprint.loader(training: false)
    size = blueprint.configuration.train.microBatch
    count = blueprint.dataset.test.count
    images = try AlignedBuffer.zeros(size * blueprint.dataset.test.shape.count)
    labels = Array(repeating: 0, count: size)
    samples = Array(repeating: 0, count: size)
  }

  /// Reads the samples of one micro-batch; the last one is filled up with empty images.
  mutating func load(_ microBatch: Int) throws(RunError) {
    let indices = microBatch * size..<min((microBatch + 1) * size, count)
    valid = indices.count
    do {
      var pixels = unsafe UnsafeMutableBufferPointer(start: images.unsafeBase, count: images.count).mutableSpan
      var classes = labels
      var numbers = samples
      var classSpan = classes.mutableSpan
      var numberSpan = numbers.mutableSpan
      try loader.loadPlain(indices: indices, images: &pixels, labels: &classSpan, ids: &numberSpan)
      labels = classes
      samples = numbers
    } catch {
      throw RunError.failed(error)
    }
  }

  /// Hands the samples to an executor; they stay valid while `body` runs.
  func withMicroBatch<Result>(_ body: (borrowing MicroBatch) -> Result) -> Result {
    images.withSpan { pixels in
      body(MicroBatch(images: pixels, labels: labels.span, samples: samples.span, valid: valid))
    }
  }
}
