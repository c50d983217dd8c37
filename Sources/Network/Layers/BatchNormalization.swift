package import StrictYAML

/// Normalization of each channel over the micro-batch: y = γ·(x − mean)/√(variance + ε) + β.
///
/// Source: Ioffe and Szegedy, "Batch normalization", 2015, algorithm 1; over the micro-batch alone as in Hoffer, Hubara
/// and Soudry, "Train longer, generalize better", 2017, algorithm 1 ("ghost" batches). In evaluation the running mean
/// and variance are used; they move by `momentum` towards the mean over the step's micro-batches of mean and unbiased
/// variance, once per step. Parameters: weight (γ) and bias (β), one per channel.
package struct BatchNormalizationLayer: LayerDescription {
  /// Added to the variance.
  package var epsilon = 1e-5
  /// Weight of the newest step in the running statistics.
  package var momentum = 0.1

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("epsilon", \.epsilon, "added to the variance", check: { $0 > 0 ? nil : "must be above 0" }),
    Field(
      "momentum", \.momentum, "weight of the newest step in the running statistics",
      check: { (0...1).contains($0) ? nil : "must be from 0 to 1" }),
  ]

  package func parameters(for input: Shape) -> [ParameterDescription] {
    [("weight", Float(1)), ("bias", Float(0))].map { name, value in
      ParameterDescription(
        name: name, shape: [input.channels], arrangement: .plain, initial: .constant(value), decays: false)
    }
  }

  package var keepsStatistics: Bool { true }
}
