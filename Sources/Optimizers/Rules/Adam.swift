package import Kernels
package import StrictYAML

/// What Adam and its relatives share: the moving averages of the gradient and of its square.
struct AdamMoments {
  /// Part of the first moment that is kept.
  let beta1: Double
  /// Part of the second moment that is kept.
  let beta2: Double
  /// What is added to the root of the second moment.
  let epsilon: Double

  /// PyTorch's names of the two moments.
  static let states = ["exp_avg", "exp_avg_sq"]

  /// The factors of a step at `rate`, with no decay.
  func factors(_ scalars: UpdateScalars, rate: Double) -> Optimizer.AdamFactors {
    let beta1 = scalars.momentum ?? beta1
    return Optimizer.AdamFactors(
      rate: Float(rate / scalars.biasCorrection(beta1)), fresh1: Float(1 - beta1), beta2: Float(beta2),
      fresh2: Float(1 - beta2), rootScale: Float(1 / scalars.biasCorrection(beta2).squareRoot()),
      epsilon: Float(epsilon))
  }

  /// The keys that all of them have.
  static func fields<Rule: YAMLRecord>(
    _ beta1: any WritableKeyPath<Rule, Double> & Sendable, _ beta2: any WritableKeyPath<Rule, Double> & Sendable,
    _ epsilon: any WritableKeyPath<Rule, Double> & Sendable
  ) -> [Field<Rule>] {
    [
      Field("beta1", beta1, "part of the gradient's moving average that is kept", check: RuleChecks.fraction),
      Field("beta2", beta2, "part of the squared gradient's moving average that is kept", check: RuleChecks.fraction),
      Field("epsilon", epsilon, "what is added to the root, against a division by zero", check: RuleChecks.epsilon),
    ]
  }
}

/// Adam: m ← β₁·m + (1 − β₁)·g', v ← β₂·v + (1 − β₂)·g'², w ← w − η·m̂ / (√v̂ + ε), with g' = g + λ·w and
/// m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
///
/// Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, with PyTorch's L2 penalty.
package struct Adam: UpdateRule {
  package static let word = "adam"
  package static let summary = "Adam, weight decay as an L2 penalty in the gradient"

  package var beta1 = 0.9
  package var beta2 = 0.999
  package var epsilon = 1e-8
  package var weightDecay = 0.0
  package var decayAll = false

  package init() {}

  package static let fields = AdamMoments.fields(\Self.beta1, \.beta2, \.epsilon) + decayFields

  package var states: [String] { AdamMoments.states }

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    let moments = AdamMoments(beta1: beta1, beta2: beta2, epsilon: epsilon)
    var factors = moments.factors(scalars, rate: scalars.rate)
    factors.penalty = Float(scalars.decay)
    Optimizer.adam(piece, factors)
  }
}

/// AdamW: as Adam with g' = g, and before each step w ← (1 − η·λ)·w.
///
/// Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, in PyTorch's form.
package struct AdamW: UpdateRule {
  package static let word = "adamw"
  package static let summary = "Adam with decoupled weight decay"

  package var beta1 = 0.9
  package var beta2 = 0.999
  package var epsilon = 1e-8
  package var weightDecay = 0.01
  package var decayAll = false

  package init() {}

  package static let fields = AdamMoments.fields(\Self.beta1, \.beta2, \.epsilon) + decayFields

  package var states: [String] { AdamMoments.states }

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    let moments = AdamMoments(beta1: beta1, beta2: beta2, epsilon: epsilon)
    var factors = moments.factors(scalars, rate: scalars.rate)
    factors.shrink = Float(1 - scalars.rate * scalars.decay)
    Optimizer.adam(piece, factors)
  }
}
