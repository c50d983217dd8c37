package import StrictYAML

/// A limit on the gradient, of one kind or the other.
package enum GradientClipping: YAMLChoice {
  /// The whole gradient is scaled down to a norm.
  case norm(Limit)
  /// Each element is limited.
  case value(Limit)

  /// The limit.
  package struct Limit: YAMLRecord {
    package var maximum = 1.0
    package init() {}
    package static let fields: [Field<Self>] = [
      Field("maximum", \.maximum, "the limit", check: RuleChecks.positive)
    ]

    /// What a gradient of this norm is multiplied by: min(1, maximum / (norm + 10⁻⁶)), as
    /// `torch.nn.utils.clip_grad_norm_` has it.
    ///
    /// Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
    /// algorithm 1.
    func factor(norm: Double) -> Double { min(1, maximum / (norm + 1e-6)) }
  }

  package static let subject = "clip"
  package static let alternatives: [Alternative<GradientClipping>] = [
    Alternative("norm", "the whole gradient is scaled down to this Euclidean norm", Limit.self) {
      .norm($0)
    } extract: {
      if case .norm(let limit) = $0 { limit } else { nil }
    },
    Alternative("value", "each element is limited to at most this and at least its negative", Limit.self) {
      .value($0)
    } extract: {
      if case .value(let limit) = $0 { limit } else { nil }
    },
  ]
}

/// An exponential moving average of the weights, kept, evaluated and saved beside them: e ← d·e + (1 − d)·w.
///
/// Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
package struct WeightAveraging: YAMLRecord {
  package var decay = 0.999
  /// Whether young averages follow faster: the decay of step t, from 0, is at most (1 + t) / (10 + t).
  package var warmUp = false

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("decay", \.decay, "part of the average that is kept in each step", check: RuleChecks.fraction),
    Field("warm-up", \.warmUp, "whether the decay of step t is at most (1 + t) / (10 + t)"),
  ]

  /// The part of the weights that enters the average in a step.
  func part(age: Int) -> Double {
    let limit = (1 + Double(age)) / (10 + Double(age))
    return 1 - (warmUp ? min(decay, limit) : decay)
  }
}

/// Lookahead: every k steps slow weights go a part of the way to the fast ones, s ← s + α·(w − s), which then become s.
///
/// Source: Zhang, Lucas, Hinton and Ba, "Lookahead optimizer: k steps forward, 1 step back", NeurIPS 2019, algorithm 1.
package struct Lookahead: YAMLRecord {
  /// Steps between two looks back (k).
  package var every = 5
  /// The part of the way (α).
  package var rate = 0.5

  package init() {}

  package static let fields: [Field<Self>] = [
    Field(
      "every", \.every, "steps from one look back to the next (k)",
      check: { (1...1_000_000).contains($0) ? nil : "must be from 1 to 1000000" }),
    Field(
      "rate", \.rate, "the part of the way from the slow to the fast weights (α)",
      check: { $0 > 0 && $0 <= 1 ? nil : "must be above 0 and at most 1" }),
  ]

  /// Whether the slow weights move in a step.
  func isDue(age: Int) -> Bool { (age + 1) % every == 0 }
}
