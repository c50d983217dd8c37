/// The element-wise activations with their parameters.
///
/// Formulas and sources stand in the table of layers, `Layer.kinds` of `Network`.
package enum ActivationFunction: Hashable, Sendable {
  /// max(0, x).
  case relu
  /// min(max(0, x), 6).
  case relu6
  /// x where x > 0, else slope·x; the slope is at least 0.
  case leakyReLU(slope: Float)
  /// x where x > 0, else alpha·(e^x − 1); alpha is at least 0.
  case elu(alpha: Float)
  /// 1/(1 + e^−x).
  case sigmoid
  /// tanh x.
  case tanh
  /// x·Φ(x).
  case gelu(GELUForm)
  /// x/(1 + e^−x).
  case silu
  /// min(max(0, x/6 + ½), 1).
  case hardSigmoid
  /// x·min(max(0, x/6 + ½), 1).
  case hardSwish
  /// ln(1 + e^(beta·x))/beta; beta is above 0.
  case softplus(beta: Float)

  /// Whether the derivative is computed from the input; else it is computed from the output.
  package var differentiatesInput: Bool {
    switch self {
    case .gelu, .silu, .hardSwish: true
    case .relu, .relu6, .leakyReLU, .elu, .sigmoid, .tanh, .hardSigmoid, .softplus: false
    }
  }

  /// The word for the function in YAML and in tables.
  package var kind: String {
    switch self {
    case .relu: "relu"
    case .relu6: "relu6"
    case .leakyReLU: "leaky-relu"
    case .elu: "elu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .gelu: "gelu"
    case .silu: "silu"
    case .hardSigmoid: "hard-sigmoid"
    case .hardSwish: "hard-swish"
    case .softplus: "softplus"
    }
  }
}

/// How the distribution function Φ of the standard normal distribution is computed.
package enum GELUForm: String, Hashable, Sendable, CaseIterable {
  /// Φ(x) = ½·(1 + erf(x/√2)).
  case exact
  /// Φ(x) ≈ ½·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
  case tanh
}
