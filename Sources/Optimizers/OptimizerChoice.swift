package import StrictYAML

/// The optimizer.
package enum OptimizerChoice: YAMLChoice {
  /// Stochastic gradient descent.
  case sgd(SGDConfiguration)

  package static let subject = "optimizer"
  package static let alternatives: [Alternative<OptimizerChoice>] = [
    Alternative("sgd", "stochastic gradient descent with momentum", SGDConfiguration.self) {
      .sgd($0)
    } extract: {
      if case .sgd(let record) = $0 { record } else { nil }
    }
  ]

  /// The settings of SGD.
  package var sgd: SGDConfiguration {
    switch self {
    case .sgd(let record): record
    }
  }
}

/// Stochastic gradient descent: v ← μ·v + g + λ·w, w ← w − η·v (Nesterov: w ← w − η·(g + λ·w + μ·v)).
///
/// Source: Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning",
/// 2013, in PyTorch's form, where the rate stands outside of the velocity.
package struct SGDConfiguration: YAMLRecord {
  /// Part of the velocity that is kept (μ).
  package var momentum = 0.9
  /// Whether to look ahead along the velocity.
  package var nesterov = false
  /// Pull of the weights to zero (λ).
  package var weightDecay = 0.0
  /// Whether biases and normalization parameters decay too.
  package var decayAll = false

  package init() {}

  package static let fields: [Field<Self>] = [
    Field(
      "momentum", \.momentum, "part of the velocity that is kept (μ)",
      check: { (0..<1).contains($0) ? nil : "must be at least 0 and below 1" }),
    Field("nesterov", \.nesterov, "whether to look ahead along the velocity"),
    Field(
      "weight-decay", \.weightDecay, "pull of the weights to zero (λ)",
      check: { (0...1).contains($0) ? nil : "must be from 0 to 1" }),
    Field("decay-all", \.decayAll, "whether biases and normalization parameters decay too"),
  ]

  package func problem() -> String? { nesterov && momentum == 0 ? "nesterov needs a momentum above 0" : nil }
}
