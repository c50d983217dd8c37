import StrictYAML

/// The distribution of a parameter before the first step.
package enum InitialValues: Hashable, Sendable {
  /// The same number everywhere.
  case constant(Float)
  /// Uniform on [-bound, bound].
  case uniform(bound: Double)
  /// Normal with mean zero.
  case normal(deviation: Double)
}

/// How the weights of a convolution or dense layer start.
package enum WeightInitializer: String, CaseIterable, YAMLValue {
  /// PyTorch's default for `Conv2d` and `Linear`: uniform with bound 1/√fan-in, for weights and biases.
  case pytorch
  /// He et al., "Delving deep into rectifiers", 2015, eq. 10: normal with deviation √(2/fan-in); biases zero.
  case heNormal = "he-normal"
  /// The same with the fan-out, as torchvision's ResNets start; biases zero.
  case heNormalFanOut = "he-normal-fan-out"
  /// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, eq. 16:
  /// uniform with bound √(6/(fan-in + fan-out)); biases zero.
  case glorotUniform = "glorot-uniform"

  /// The distribution of the weights.
  package func weights(fanIn: Int, fanOut: Int) -> InitialValues {
    switch self {
    case .pytorch: .uniform(bound: 1 / Double(fanIn).squareRoot())
    case .heNormal: .normal(deviation: (2 / Double(fanIn)).squareRoot())
    case .heNormalFanOut: .normal(deviation: (2 / Double(fanOut)).squareRoot())
    case .glorotUniform: .uniform(bound: (6 / Double(fanIn + fanOut)).squareRoot())
    }
  }

  /// The distribution of the biases.
  package func biases(fanIn: Int) -> InitialValues {
    self == .pytorch ? .uniform(bound: 1 / Double(fanIn).squareRoot()) : .constant(0)
  }
}
