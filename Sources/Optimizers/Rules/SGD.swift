package import Kernels
package import StrictYAML

/// Stochastic gradient descent: v ← μ·v + (1 − τ)·g', w ← w − η·v (Nesterov: w ← w − η·(g' + μ·v)), g' = g + λ·w.
///
/// The first v is g' itself, whatever the dampening τ. Source: Sutskever, Martens, Dahl and Hinton, "On the importance
/// of initialization and momentum in deep learning", 2013, in PyTorch's form, where the rate stands outside of the
/// velocity.
package struct SGD: UpdateRule {
  package static let word = "sgd"
  package static let summary = "stochastic gradient descent with momentum"

  /// Part of the velocity that is kept (μ).
  package var momentum = 0.9
  /// Whether to look ahead along the velocity.
  package var nesterov = false
  /// Part of the gradient that does not enter the velocity (τ).
  package var dampening = 0.0
  package var weightDecay = 0.0
  package var decayAll = false

  package init() {}

  package static let fields: [Field<Self>] =
    [
      Field("momentum", \.momentum, "part of the velocity that is kept (μ)", check: RuleChecks.fraction),
      Field("nesterov", \.nesterov, "whether to look ahead along the velocity"),
      Field(
        "dampening", \.dampening, "part of the gradient that does not enter the velocity (τ)", check: RuleChecks.decay),
    ] + decayFields

  package func problem() -> String? {
    if nesterov && momentum == 0 { return "nesterov needs a momentum above 0" }
    if nesterov && dampening != 0 { return "nesterov needs a dampening of 0" }
    return nil
  }

  package var states: [String] { momentum > 0 ? ["momentum"] : [] }

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    let (rate, decay) = (Float(scalars.rate), Float(scalars.decay))
    guard momentum > 0 else { return Optimizer.descend(piece, rate: rate, decay: decay) }
    let momentum = Float(scalars.momentum ?? momentum)
    guard dampening != 0, scalars.age > 0 else {
      return Optimizer.descend(piece, rate: rate, decay: decay, momentum: momentum, nesterov: nesterov)
    }
    Optimizer.descend(piece, rate: rate, decay: decay, momentum: momentum, fresh: Float(1 - dampening))
  }
}
