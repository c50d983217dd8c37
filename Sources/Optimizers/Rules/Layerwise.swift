package import Kernels
package import StrictYAML

/// LARS: v ← μ·v + η·r·(g + λ·w), w ← w − v, with the ratio r = κ·‖w‖ / (‖g‖ + λ·‖w‖) of each tensor.
///
/// Where a norm is zero the ratio is 1. Source: You, Gitman and Ginsburg, "Large batch training of convolutional
/// networks", 2017, algorithm 1; the rate stands inside of the velocity, other than in `sgd`.
package struct LARS: LayerwiseRule {
  package static let word = "lars"
  package static let summary = "SGD with a rate for each tensor by the norms of weights and gradient"

  /// Part of the velocity that is kept (μ).
  package var momentum = 0.9
  /// The size of a step relative to the weights (κ).
  package var trust = 0.001
  package var weightDecay = 0.0
  package var decayAll = false
  package var adaptAll = false

  package init() {}

  package static let fields: [Field<Self>] =
    [
      Field("momentum", \.momentum, "part of the velocity that is kept (μ)", check: RuleChecks.fraction),
      Field("trust", \.trust, "the size of a step relative to the weights (κ)", check: RuleChecks.positive),
    ] + decayFields + adaptFields

  package var states: [String] { ["momentum"] }

  package func direct(_ piece: UpdatePiece, _ scalars: UpdateScalars) {}

  package func trustRatio(weights: Double, direction: Double, decay: Double) -> Double {
    weights > 0 && direction > 0 ? trust * weights / (direction + decay * weights) : 1
  }

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    Optimizer.descend(
      piece, rate: 1, decay: Float(scalars.decay), momentum: Float(scalars.momentum ?? momentum),
      fresh: Float(scalars.rate * scalars.trust))
  }
}

/// LAMB: the direction d = m̂ / (√v̂ + ε) + λ·w with Adam's moments of the plain gradient, w ← w − η·(‖w‖ / ‖d‖)·d.
///
/// Where a norm is zero the ratio is 1. Source: You et al., "Large batch optimization for deep learning: training BERT
/// in 76 minutes", ICLR 2020, algorithm 2, with φ(x) = x.
package struct LAMB: LayerwiseRule, MomentRule {
  package static let word = "lamb"
  package static let summary = "Adam with decoupled decay and a rate for each tensor by the norms of weights and step"

  package var beta1 = 0.9
  package var beta2 = 0.999
  package var epsilon = 1e-6
  package var weightDecay = 0.0
  package var decayAll = false
  package var adaptAll = false

  package init() {}

  package static let fields = momentFields + adaptFields

  package func direct(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    var factors = factors(scalars, rate: 1)
    factors.penalty = Float(scalars.decay)
    Optimizer.adamDirection(piece, factors)
  }

  package func trustRatio(weights: Double, direction: Double, decay: Double) -> Double {
    weights > 0 && direction > 0 ? weights / direction : 1
  }

  package func update(_ piece: UpdatePiece, _ scalars: UpdateScalars) {
    Optimizer.descend(piece, rate: Float(scalars.rate * scalars.trust), decay: 0)
  }
}
