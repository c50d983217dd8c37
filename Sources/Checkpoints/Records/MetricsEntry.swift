/// One line of `metrics.jsonl`. What was not measured is left out of the line.
package struct MetricsEntry: Codable, Equatable, Sendable {
  /// What a line tells of.
  package enum Kind: String, Codable, Sendable {
    case train, evaluation
  }

  /// What the line tells of.
  package var kind: Kind
  /// The step after which it was measured.
  package var step: Int
  /// The same in epochs.
  package var epoch: Double
  /// The mean loss per sample.
  package var loss: Double
  /// The share of samples classified rightly, 0 to 1.
  package var accuracy: Double?
  /// The number of samples that loss and accuracy are over.
  package var samples: Int?
  /// The mean loss of the averaged weights.
  package var averageLoss: Double?
  /// The share of samples that the averaged weights classified rightly.
  package var averageAccuracy: Double?
  /// The mean Euclidean norm of the steps' gradients, before clipping.
  package var gradientNorm: Double?
  /// The learning rate of the step.
  package var learningRate: Double?
  /// The images of all workers per second.
  package var imagesPerSecond: Double?
  /// The share of the step's time spent waiting for the exchange, 0 to 1.
  package var exchangeShare: Double?
  /// The share of the step's time spent waiting for input, 0 to 1.
  package var inputShare: Double?
  /// The processor time of rank 0's prefetch thread as a share of the step's time. Part of the computing time where the
  /// rank has no core to spare.
  package var loadingShare: Double?
  /// The share of the images that rank 0 read from the cache of decoded images, 0 to 1.
  package var cacheShare: Double?
  /// The time since the run's start, in seconds.
  package var wallSeconds: Double?

  /// A line of metrics.
  package init(
    kind: Kind, step: Int, epoch: Double, loss: Double, accuracy: Double? = nil, samples: Int? = nil,
    learningRate: Double? = nil, imagesPerSecond: Double? = nil, exchangeShare: Double? = nil,
    inputShare: Double? = nil, loadingShare: Double? = nil,
    cacheShare: Double? = nil, wallSeconds: Double? = nil
  ) {
    self.kind = kind
    self.step = step
    self.epoch = epoch
    self.loss = loss
    self.accuracy = accuracy
    self.samples = samples
    self.learningRate = learningRate
    self.imagesPerSecond = imagesPerSecond
    self.exchangeShare = exchangeShare
    self.inputShare = inputShare
    self.loadingShare = loadingShare
    self.cacheShare = cacheShare
    self.wallSeconds = wallSeconds
  }

  private enum CodingKeys: String, CodingKey {
    case kind, step, epoch, loss, accuracy, samples
    case averageLoss = "ema-loss"
    case averageAccuracy = "ema-accuracy"
    case gradientNorm = "gradient-norm"
    case learningRate = "learning-rate"
    case imagesPerSecond = "images-per-second"
    case exchangeShare = "exchange-share"
    case inputShare = "input-share"
    case loadingShare = "loading-share"
    case cacheShare = "cache-share"
    case wallSeconds = "wall-seconds"
  }
}
