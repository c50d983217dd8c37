import Checkpoints

/// In what two lines of one step part first: in the order in which a step computes them.
struct LedgerParting: Hashable {
  /// What differs.
  enum Part: Hashable {
    /// The samples as they were read.
    case samples
    /// The gradient of a micro-batch.
    case microBatch(Int)
    /// The number of micro-batches.
    case microBatchCount
    /// The sum of the micro-batches' gradients.
    case gradient
    /// The weights after the step.
    case weights
    /// The mean loss.
    case loss
  }

  /// The first part that differs.
  let part: Part
  /// What the first line has there.
  let first: String
  /// What the second line has there.
  let second: String

  /// Compares two lines; nil if they are equal.
  init?(_ a: LedgerEntry, _ b: LedgerEntry) {
    let microBatch = zip(a.microBatches, b.microBatches).enumerated().first { $1.0 != $1.1 }
    if a.samples != b.samples {
      self.init(.samples, a.samples, b.samples)
    } else if a.microBatches.count != b.microBatches.count {
      self.init(.microBatchCount, "\(a.microBatches.count)", "\(b.microBatches.count)")
    } else if let (index, digests) = microBatch {
      self.init(.microBatch(index), digests.0, digests.1)
    } else if a.gradient != b.gradient {
      self.init(.gradient, a.gradient, b.gradient)
    } else if a.weights != b.weights {
      self.init(.weights, a.weights, b.weights)
    } else if a.loss != b.loss && !(a.loss.isNaN && b.loss.isNaN) {
      self.init(.loss, "\(a.loss)", "\(b.loss)")
    } else {
      return nil
    }
  }

  private init(_ part: Part, _ first: String, _ second: String) {
    (self.part, self.first, self.second) = (part, first, second)
  }

  /// What parts first, in words.
  var name: String {
    switch part {
    case .samples: "the samples"
    case .microBatch(let index): "the gradient of micro-batch \(index)"
    case .microBatchCount: "the number of micro-batches"
    case .gradient: "the reduced gradient"
    case .weights: "the weights after the step"
    case .loss: "the loss"
    }
  }

  /// The difference as the end of a sentence.
  func sentence(_ nameOfFirst: String, _ nameOfSecond: String) -> String {
    "\(name) first (\(first) in \(nameOfFirst), \(second) in \(nameOfSecond))"
  }
}
