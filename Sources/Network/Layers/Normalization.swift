package import Operators
package import StrictYAML

/// Normalization of each channel over the micro-batch, alone ("ghost" batches).
///
/// In evaluation the running mean and variance are used; they move by `momentum` towards the mean over the step's
/// micro-batches of mean and unbiased variance, once per step.
package struct BatchNormalizationLayer: LayerDescription {
  /// Added to the variance.
  package var epsilon = 1e-5
  /// Weight of the newest step in the running statistics.
  package var momentum = 0.1
  /// What the scale starts at; 0 for the last one of a residual branch makes each block start as its shortcut.
  package var initialScale: Float = 1

  package init() {}

  package static let fields: [Field<Self>] = [
    NormalizationFields.epsilon(\.epsilon),
    Field(
      "momentum", \.momentum, "weight of the newest step in the running statistics",
      check: { (0...1).contains($0) ? nil : "must be from 0 to 1" }),
    NormalizationFields.initialScale(\.initialScale),
  ]

  package static let notes = LayerNotes(
    formula:
      "y = weight·(x − mean)/√(variance + epsilon) + bias, mean and variance of each channel over the micro-batch",
    parameters: "weight [C], bias [C]; running_mean [C] and running_var [C] are kept beside them",
    work: "about 8 · C·H·W",
    source:
      "Ioffe and Szegedy, \"Batch normalization\", 2015, algorithm 1; over the micro-batch alone: Hoffer, Hubara and "
      + "Soudry, \"Train longer, generalize better\", 2017, algorithm 1; initial-scale 0: Goyal et al., \"Accurate, "
      + "large minibatch SGD\", 2017, section 5.1")

  package func parameters(for input: Shape) -> [ParameterDescription] {
    scaleAndShift(input.channels, initialScale: initialScale)
  }

  package var runningStatistics: RunningStatistics? { RunningStatistics(momentum: momentum) }
}

/// A scale and a shift for each channel.
func scaleAndShift(_ channels: Int, initialScale: Float = 1) -> [ParameterDescription] {
  [
    .perChannel("weight", channels, initial: .constant(initialScale)),
    .perChannel("bias", channels, initial: .constant(0)),
  ]
}

/// Fields that the normalizations share.
enum NormalizationFields {
  /// Added to the variance.
  static func epsilon<Record: YAMLRecord>(_ path: any WritableKeyPath<Record, Double> & Sendable) -> Field<Record> {
    Field("epsilon", path, "added to the variance", check: Limits.positive)
  }

  /// What the scale starts at.
  static func initialScale<Record: YAMLRecord>(
    _ path: any WritableKeyPath<Record, Float> & Sendable
  ) -> Field<Record> {
    Field("initial-scale", path, "what the scale starts at; 0 for the last one of a residual branch")
  }

  /// Whether there are scale and shift.
  static func affine<Record: YAMLRecord>(_ path: any WritableKeyPath<Record, Bool> & Sendable) -> Field<Record> {
    Field("affine", path, "whether to scale and shift each channel")
  }
}

/// Each element over a power of the mean square of its neighbours across channels.
package struct LocalResponseNormalizationLayer: LayerDescription {
  /// Channels that count in a sum.
  package var size = 5
  /// Weight of the mean square.
  package var alpha = 1e-4
  /// The exponent.
  package var beta = 0.75
  /// What is added to the mean square.
  package var k = 1.0

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("size", \.size, "channels that count in a sum", check: Limits.width),
    Field("alpha", \.alpha, "weight of the mean square", check: Limits.factor),
    Field("beta", \.beta, "the exponent", check: Limits.positive),
    Field("k", \.k, "what is added to the mean square", check: Limits.positive),
  ]

  package static let notes = LayerNotes(
    formula:
      "y[c] = x[c] / (k + alpha/size · Σ x[j]²)^beta over the channels c − ⌊size/2⌋ ≤ j ≤ c + ⌊(size − 1)/2⌋ of the "
      + "same position",
    work: "about C·H·W · (2 · size + 10)",
    source:
      "Krizhevsky, Sutskever and Hinton, \"ImageNet classification with deep convolutional neural networks\", 2012, "
      + "section 3.3, with PyTorch's division of alpha by size")

  /// The geometry for an input of the given shape.
  package func geometry(for input: Shape) -> LocalResponse {
    LocalResponse(channels: input.channels, size: size, alpha: Float(alpha), beta: Float(beta), k: Float(k))
  }
}
