import Interchange

/// What `summary.json` tells at the end of a run. All keys are always there; what was not measured is null.
package struct RunSummary: Codable, Equatable, Sendable {
  /// The optimizer steps done since step 0, resumed ones included.
  package var steps: Int
  /// The same in epochs.
  package var epochs: Double
  /// The mean loss of the last steps of training.
  package var trainLoss: Double?
  /// The mean loss over the test samples.
  package var testLoss: Double?
  /// The share of test samples classified rightly, 0 to 1.
  package var testAccuracy: Double?
  /// The mean loss of the averaged weights over the test samples.
  package var averageTestLoss: Double?
  /// The share of test samples that the averaged weights classified rightly, 0 to 1.
  package var averageTestAccuracy: Double?
  /// The number of test samples scored.
  package var samplesEvaluated: Int?
  /// The images of all workers per second of training.
  package var imagesPerSecond: Double
  /// The time of the run, in seconds.
  package var wallSeconds: Double
  /// The number of ranks.
  package var workers: Int
  /// The compute threads per rank.
  package var lanes: Int
  /// The kernel set that ran.
  package var kernels: String
  /// The path of the last checkpoint.
  package var checkpoint: String?
  /// The hash of the weights, see `WeightsHash`.
  package var weightsSHA256: String

  /// The summary of a run.
  package init(
    steps: Int, epochs: Double, trainLoss: Double?, testLoss: Double?, testAccuracy: Double?,
    averageTestLoss: Double? = nil, averageTestAccuracy: Double? = nil, samplesEvaluated: Int?,
    imagesPerSecond: Double, wallSeconds: Double, workers: Int, lanes: Int, kernels: String, checkpoint: String?,
    weightsSHA256: String
  ) {
    self.steps = steps
    self.epochs = epochs
    self.trainLoss = trainLoss
    self.testLoss = testLoss
    self.testAccuracy = testAccuracy
    self.averageTestLoss = averageTestLoss
    self.averageTestAccuracy = averageTestAccuracy
    self.samplesEvaluated = samplesEvaluated
    self.imagesPerSecond = imagesPerSecond
    self.wallSeconds = wallSeconds
    self.workers = workers
    self.lanes = lanes
    self.kernels = kernels
    self.checkpoint = checkpoint
    self.weightsSHA256 = weightsSHA256
  }
}

extension RunSummary {
  /// Writes the summary as a whole: a crash leaves the former file or the new one.
  package func write(to path: String) throws(CheckpointError) {
    do {
      try Disk.replace(path, with: RecordCoding.encode(self, indented: true))
    } catch {
      throw CheckpointError("\(error)")
    }
  }

  /// Reads a summary back.
  package static func read(_ path: String) throws(CheckpointError) -> RunSummary {
    let bytes: [UInt8]
    do {
      bytes = try Disk.read(path, limit: 1 << 20)
    } catch {
      throw CheckpointError(error.description)
    }
    do {
      return try RecordCoding.decode(RunSummary.self, from: bytes, of: path)
    } catch {
      throw CheckpointError("\(error), so it is not the summary of a run")
    }
  }
}

extension RunSummary {
  private enum CodingKeys: String, CodingKey {
    case steps, epochs, workers, lanes, kernels, checkpoint
    case trainLoss = "train-loss"
    case testLoss = "test-loss"
    case testAccuracy = "test-accuracy"
    case averageTestLoss = "ema-test-loss"
    case averageTestAccuracy = "ema-test-accuracy"
    case samplesEvaluated = "samples-evaluated"
    case imagesPerSecond = "images-per-second"
    case wallSeconds = "wall-seconds"
    case weightsSHA256 = "weights-sha256"
  }

  // Written out because the synthesised form leaves out what is nil, and readers want stable keys.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(steps, forKey: .steps)
    try container.encode(epochs, forKey: .epochs)
    try container.encode(trainLoss, forKey: .trainLoss)
    try container.encode(testLoss, forKey: .testLoss)
    try container.encode(testAccuracy, forKey: .testAccuracy)
    try container.encode(averageTestLoss, forKey: .averageTestLoss)
    try container.encode(averageTestAccuracy, forKey: .averageTestAccuracy)
    try container.encode(samplesEvaluated, forKey: .samplesEvaluated)
    try container.encode(imagesPerSecond, forKey: .imagesPerSecond)
    try container.encode(wallSeconds, forKey: .wallSeconds)
    try container.encode(workers, forKey: .workers)
    try container.encode(lanes, forKey: .lanes)
    try container.encode(kernels, forKey: .kernels)
    try container.encode(checkpoint, forKey: .checkpoint)
    try container.encode(weightsSHA256, forKey: .weightsSHA256)
  }
}
