/// Where a run stands: all that resuming needs beside the tensors, and what a reader wants to know of it. It knows no
/// rank; `workers` and `lanes` are kept for information only.
package struct RunState: Codable, Equatable, Sendable {
  /// The version of these keys that is written, and the newest that is read.
  package static let currentVersion = 1

  /// The version of these keys.
  package var version: Int
  /// The number of optimizer steps done.
  package var step: Int
  /// The position in the endless stream of samples: the whole state of the loader.
  package var samplesSeen: Int
  /// The run's seed.
  package var seed: UInt64
  /// The number of ranks that wrote it.
  package var workers: Int
  /// The lanes of a rank that wrote it.
  package var lanes: Int
  /// The kernel set; under another one the bits may differ from here on.
  package var kernels: String
  /// The version of cnn-dist.
  package var program: String
  /// The full effective configuration, as YAML.
  package var configuration: String
  /// The digest of what decides the trajectory.
  package var fingerprint: String
  /// The hash of the weights, see `WeightsHash`.
  package var weightsSHA256: String
  /// The mean training loss of late.
  package var trainLoss: Double?
  /// The mean loss over the test samples, if evaluated.
  package var testLoss: Double?
  /// The share of test samples classified rightly, if evaluated.
  package var testAccuracy: Double?
  /// The best test accuracy so far.
  package var bestAccuracy: Double?
  /// The step of the best test accuracy.
  package var bestStep: Int?

  /// The state of a run.
  package init(
    version: Int = RunState.currentVersion, step: Int, samplesSeen: Int, seed: UInt64, workers: Int, lanes: Int,
    kernels: String, program: String, configuration: String, fingerprint: String, weightsSHA256: String,
    trainLoss: Double? = nil, testLoss: Double? = nil, testAccuracy: Double? = nil, bestAccuracy: Double? = nil,
    bestStep: Int? = nil
  ) {
    self.version = version
    self.step = step
    self.samplesSeen = samplesSeen
    self.seed = seed
    self.workers = workers
    self.lanes = lanes
    self.kernels = kernels
    self.program = program
    self.configuration = configuration
    self.fingerprint = fingerprint
    self.weightsSHA256 = weightsSHA256
    self.trainLoss = trainLoss
    self.testLoss = testLoss
    self.testAccuracy = testAccuracy
    self.bestAccuracy = bestAccuracy
    self.bestStep = bestStep
  }

  private enum CodingKeys: String, CodingKey {
    case version, step, seed, workers, lanes, kernels, program, configuration, fingerprint
    case samplesSeen = "samples-seen"
    case weightsSHA256 = "weights-sha256"
    case trainLoss = "train-loss"
    case testLoss = "test-loss"
    case testAccuracy = "test-accuracy"
    case bestAccuracy = "best-accuracy"
    case bestStep = "best-step"
  }
}
