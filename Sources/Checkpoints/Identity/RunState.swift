import Configuration
package import Optimizers

/// Where a run stands: all that resuming needs beside the tensors, and what a reader wants to know of it. It knows no
/// rank; `workers` and `lanes` are kept for information only.
package struct RunState: Equatable, Sendable {
  /// The version of the format that is written, the only one that is read.
  package static let currentVersion = 2

  /// The version of the format.
  package var version = RunState.currentVersion
  /// What the run is made of.
  package var identity: RunIdentity
  /// The number of optimizer steps done.
  package var step: Int
  /// The position in the endless stream of samples: the whole state of the loader.
  package var samplesSeen: Int
  /// The run's seed.
  package var seed: UInt64
  /// The step before which the optimizer's states were started; 0 unless the optimizer was changed on the way.
  package var statesSince = 0
  /// What the schedule keeps of the evaluations so far; nil where it keeps nothing.
  package var schedule: ScheduleState?
  /// The number of ranks that wrote it.
  package var workers: Int
  /// The lanes of a rank that wrote it.
  package var lanes: Int
  /// The hash of the weights, see `WeightsHash`.
  package var weightsSHA256: String
  /// Seconds that the run has taken so far.
  package var wallSeconds = 0.0
  /// The sums of the steps that no line of `metrics.jsonl` tells of yet.
  package var pending = TrainingSums()
  /// The mean training loss of the last step.
  package var trainLoss: Double?
  /// The mean loss over the test samples, if evaluated.
  package var testLoss: Double?
  /// The share of test samples classified rightly, if evaluated.
  package var testAccuracy: Double?
  /// The best test accuracy so far.
  package var bestAccuracy: Double?
  /// The step of the best test accuracy.
  package var bestStep: Int?

  /// The state after `step` steps of a run.
  package init(identity: RunIdentity, step: Int, workers: Int, lanes: Int, weightsSHA256: String) {
    self.identity = identity
    self.step = step
    // A state whose step is absurd is refused when it is read; making one up must not overflow.
    samplesSeen = step.multipliedReportingOverflow(by: identity.configuration.train.globalBatch).partialValue
    seed = identity.configuration.seed
    self.workers = workers
    self.lanes = lanes
    self.weightsSHA256 = weightsSHA256
  }
}

extension RunState {
  /// What the optimizer kept.
  package var savedUpdates: SavedUpdates {
    let train = identity.configuration.train
    return SavedUpdates(
      since: statesSince, rule: train.optimizer.rule, averaging: train.ema, lookahead: train.lookahead,
      groups: train.groups)
  }
}

/// Sums over training steps.
package struct TrainingSums: Codable, Hashable, Sendable {
  /// The sum of the steps' mean losses.
  package var loss = 0.0
  /// The sum of the norms of the steps' gradients; nil in checkpoints of earlier versions.
  package var gradientNorm: Double?
  /// The number of samples whose label was the first guess.
  package var correct = 0
  /// The number of samples.
  package var samples = 0
  /// The number of steps.
  package var steps = 0

  /// Sums over no step.
  package init() {}
}

// The parts of the identity stand beside the other keys.
extension RunState: Codable {
  private enum CodingKeys: String, CodingKey {
    case version, step, seed, workers, lanes, pending, schedule
    case samplesSeen = "samples-seen"
    case statesSince = "states-since"
    case weightsSHA256 = "weights-sha256"
    case wallSeconds = "wall-seconds"
    case trainLoss = "train-loss"
    case testLoss = "test-loss"
    case testAccuracy = "test-accuracy"
    case bestAccuracy = "best-accuracy"
    case bestStep = "best-step"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      identity: try RunIdentity(from: decoder), step: try container.decode(Int.self, forKey: .step),
      workers: try container.decode(Int.self, forKey: .workers), lanes: try container.decode(Int.self, forKey: .lanes),
      weightsSHA256: try container.decode(String.self, forKey: .weightsSHA256))
    version = try container.decode(Int.self, forKey: .version)
    samplesSeen = try container.decode(Int.self, forKey: .samplesSeen)
    // JSONDecoder does not say where a number stands that is too small for its type.
    do { seed = try container.decode(UInt64.self, forKey: .seed) } catch {
      throw CheckpointError("has something else than a whole number from 0 to 2^64 - 1 at 'seed'")
    }
    schedule = try container.decodeIfPresent(ScheduleState.self, forKey: .schedule)
    guard schedule?.isPossible ?? true else {
      throw CheckpointError("has a state at 'schedule' that no run can have")
    }
    statesSince = try container.decodeIfPresent(Int.self, forKey: .statesSince) ?? 0
    wallSeconds = try container.decode(Double.self, forKey: .wallSeconds)
    pending = try container.decode(TrainingSums.self, forKey: .pending)
    trainLoss = try container.decodeIfPresent(Double.self, forKey: .trainLoss)
    testLoss = try container.decodeIfPresent(Double.self, forKey: .testLoss)
    testAccuracy = try container.decodeIfPresent(Double.self, forKey: .testAccuracy)
    bestAccuracy = try container.decodeIfPresent(Double.self, forKey: .bestAccuracy)
    bestStep = try container.decodeIfPresent(Int.self, forKey: .bestStep)
  }

  package func encode(to encoder: any Encoder) throws {
    try identity.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(version, forKey: .version)
    try container.encode(step, forKey: .step)
    try container.encode(samplesSeen, forKey: .samplesSeen)
    try container.encode(seed, forKey: .seed)
    if statesSince != 0 { try container.encode(statesSince, forKey: .statesSince) }
    try container.encodeIfPresent(schedule, forKey: .schedule)
    try container.encode(workers, forKey: .workers)
    try container.encode(lanes, forKey: .lanes)
    try container.encode(weightsSHA256, forKey: .weightsSHA256)
    try container.encode(wallSeconds, forKey: .wallSeconds)
    try container.encode(pending, forKey: .pending)
    try container.encodeIfPresent(trainLoss, forKey: .trainLoss)
    try container.encodeIfPresent(testLoss, forKey: .testLoss)
    try container.encodeIfPresent(testAccuracy, forKey: .testAccuracy)
    try container.encodeIfPresent(bestAccuracy, forKey: .bestAccuracy)
    try container.encodeIfPresent(bestStep, forKey: .bestStep)
  }
}
