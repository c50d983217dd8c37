package import Kernels
package import StrictYAML

/// What Adam and its relatives share: the moving averages of the gradient and of its square.
package protocol MomentRule: UpdateRule {
  /// Part of the first moment that is kept (β₁).
  var beta1: Double { get set }
  /// Part of the second moment that is kept (β₂).
  var beta2: Double { get set }
  /// What is added to the root of the second moment (ε).
  var epsilon: Double { get set }
}

extension MomentRule {
  /// PyTorch's names of the two moments.
  package var states: [String] { ["exp_avg", "exp_avg_sq"] }

  /// The factors of a step at `rate`, with no decay.
  func factors(_ scalars: UpdateScalars, rate: Double) -> Optimizer.AdamFactors {
    let beta1 = scalars.momentum ?? beta1
    return Optimizer.AdamFactors(
      rate: Float(rate / scalars.biasCorrection(beta1)), fresh1: Float(1 - beta1), beta2: Float(beta2),
      fresh2: Float(1 - beta2), rootScale: Float(1 / scalars.biasCorrection(beta2).squareRoot()),
      epsilon: Float(epsilon))
  }

  /// The keys that all of them have.
  static var momentFields: [Field<Self>] {
    [
      Field("beta1", \.beta1, "part of the gradient's moving average that is kept", check: RuleChecks.fraction),
      Field("beta2", \.beta2, "part of the squared gradient's moving average that is kept", check: RuleChecks.fraction),
      Field("epsilon", \.epsilon, "what is added to the root, against a division by zero", check: RuleChecks.epsilon),
    ] + decayFields
  }
}

/// Adam: m ← β₁·m + (1 − β₁)·g', v ← β₂·v + (1 − β₂)·g'², w ← w − η·m̂ / (√v̂ + ε), with g' = g + λ·w and
/// m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
///
/// Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, with PyTorch's L2 penalty.
package struct Adam: MomentRule {
  package static let word = "adam"
  package static let summary = "Adam, weight decay as an L2 penalty in the gradient"

  package var beta1 = 0.9
  package var beta2 = 0.999
  package var epsilon = 1e-8
  package var weightDecay = 0.0
  package var decayAll = false

  package init() {}

  package static let fields = momentFields

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    var factors = factors(scalars, rate: scalars.rate)
    factors.penalty = Float(scalars.decay)
    Optimizer.adam(piece, factors)
  }
}

/// AdamW: as Adam with g' = g, and before each step w ← (1 − η·λ)·w.
///
/// Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, in PyTorch's form.
package struct AdamW: MomentRule {
  package static let word = "adamw"
  package static let summary = "Adam with decoupled weight decay"

  package var beta1 = 0.9
  package var beta2 = 0.999
  package var epsilon = 1e-8
  package var weightDecay = 0.01
  package var decayAll = false

  package init() {}

  package static let fields = momentFields

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    var factors = factors(scalars, rate: scalars.rate)
    factors.shrink = Float(1 - scalars.rate * scalars.decay)
    Optimizer.adam(piece, factors)
  }
}

/// Adamax: m as in Adam, u ← max(β₂·u, |g'| + ε), w ← w − η / (1 − β₁ᵗ) · m / u, with g' = g + λ·w.
///
/// Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 7.1, with PyTorch's L2
/// penalty and its place for ε.
package struct Adamax: MomentRule {
  package static let word = "adamax"
  package static let summary = "Adam with the largest gradient of late in place of the second moment"

  package var beta1 = 0.9
  package var beta2 = 0.999
  package var epsilon = 1e-8
  package var weightDecay = 0.0
  package var decayAll = false

  package init() {}

  package static let fields = momentFields

  /// PyTorch's names of the first moment and of the largest gradient.
  package var states: [String] { ["exp_avg", "exp_inf"] }

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    var factors = factors(scalars, rate: scalars.rate)
    factors.penalty = Float(scalars.decay)
    Optimizer.adamax(piece, factors)
  }
}
