/// One line of the ledger: the digests by which a stranger can check a step. Digests are lower-case hexadecimal.
package struct LedgerEntry: Codable, Equatable, Sendable {
  /// The number of the step.
  package var step: Int
  /// The digest of the samples as they were read, in order: numbers, labels and pixels.
  package var samples: String
  /// The mean loss over the global batch.
  package var loss: Double
  /// The digest of the summed gradient.
  package var gradient: String
  /// The Euclidean norm of the summed gradient, before clipping; nil in ledgers of earlier versions.
  package var gradientNorm: Double?
  /// The digest of the weights after the step.
  package var weights: String
  /// The digests of the micro-batches' gradients, in their order.
  package var microBatches: [String]

  /// An entry of the ledger.
  package init(
    step: Int, samples: String, loss: Double, gradient: String, gradientNorm: Double? = nil, weights: String,
    microBatches: [String]
  ) {
    self.step = step
    self.samples = samples
    self.loss = loss
    self.gradient = gradient
    self.gradientNorm = gradientNorm
    self.weights = weights
    self.microBatches = microBatches
  }

  /// A digest as the ledger writes it: 16 hexadecimal digits.
  package static func text(_ digest: UInt64) -> String {
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private enum CodingKeys: String, CodingKey {
    case step, samples, loss, gradient, weights
    case gradientNorm = "gradient-norm"
    case microBatches = "micro-batches"
  }
}
