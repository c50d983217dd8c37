package import Kernels
package import StrictYAML

/// RMSProp: s ← α·s + (1 − α)·g'², u = g' / (√s + ε), v ← μ·v + u, w ← w − η·v, with g' = g + λ·w. Centered: the square
/// of the gradient's own moving average is taken off s.
///
/// Source: Tieleman and Hinton, "Lecture 6.5: rmsprop", 2012; Graves, "Generating sequences with recurrent neural
/// networks", 2013; in PyTorch's form.
package struct RMSProp: UpdateRule {
  package static let word = "rmsprop"
  package static let summary = "gradient over the root of its moving mean square"

  /// Part of the mean square that is kept (α).
  package var alpha = 0.99
  package var epsilon = 1e-8
  /// Part of the velocity that is kept (μ).
  package var momentum = 0.0
  /// Whether the mean of the gradient is taken off its mean square.
  package var centered = false
  package var weightDecay = 0.0
  package var decayAll = false

  package init() {}

  package static let fields: [Field<Self>] =
    [
      Field("alpha", \.alpha, "part of the mean square that is kept (α)", check: RuleChecks.fraction),
      Field("epsilon", \.epsilon, "what is added to the root, against a division by zero", check: RuleChecks.epsilon),
      Field("momentum", \.momentum, "part of the velocity that is kept (μ)", check: RuleChecks.fraction),
      Field("centered", \.centered, "whether the gradient's variance takes the place of its mean square"),
    ] + decayFields

  package var states: [String] {
    ["square_avg"] + (momentum > 0 ? ["momentum"] : []) + (centered ? ["grad_avg"] : [])
  }

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    Optimizer.rootMeanSquareDirection(
      piece, keep: Float(alpha), fresh: Float(1 - alpha), epsilon: Float(epsilon), decay: Float(scalars.decay),
      mean: centered ? states.count - 1 : nil)
    let rate = Float(scalars.rate)
    guard momentum > 0 else { return Optimizer.descend(piece, rate: rate, decay: 0) }
    Optimizer.descend(
      piece, rate: rate, decay: 0, momentum: Float(scalars.momentum ?? momentum), fresh: 1, state: 1)
  }
}

/// Adagrad: s ← s + g'², w ← w − η / (1 + t·κ) · g' / (√s + ε), with g' = g + λ·w and t from 0.
///
/// Source: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
/// JMLR 2011, in PyTorch's form.
package struct Adagrad: UpdateRule {
  package static let word = "adagrad"
  package static let summary = "gradient over the root of the sum of its squares"

  package var epsilon = 1e-10
  /// How much the rate falls with each step (κ).
  package var rateDecay = 0.0
  package var weightDecay = 0.0
  package var decayAll = false

  package init() {}

  package static let fields: [Field<Self>] =
    [
      Field("epsilon", \.epsilon, "what is added to the root, against a division by zero", check: RuleChecks.epsilon),
      Field("rate-decay", \.rateDecay, "how much the rate falls with each step (κ)", check: RuleChecks.decay),
    ] + decayFields

  package var states: [String] { ["sum"] }

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    Optimizer.adagradDirection(piece, epsilon: Float(epsilon), decay: Float(scalars.decay))
    Optimizer.descend(piece, rate: Float(scalars.rate / (1 + Double(scalars.age) * rateDecay)), decay: 0)
  }
}
