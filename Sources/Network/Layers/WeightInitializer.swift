package import StrictYAML

/// How the weights of a convolution or dense layer start. Biases start at zero, except with `pytorch`.
///
/// Fan-in and fan-out are PyTorch's (`torch.nn.init`): of weights [a, b, kernel rows, kernel columns] the fan-in is b
/// times the kernel's positions, the fan-out a times them.
package enum WeightInitializer: YAMLChoice {
  case pytorch
  case heNormal
  case heUniform
  case heNormalFanOut
  case glorotNormal
  case glorotUniform
  case lecunNormal
  case lecunUniform
  case normal(std: Double)
  case uniform(bound: Double)
  case truncatedNormal(std: Double)
  case orthogonal(gain: Double)
  case constant(Float)

  package static let subject = "initializer"

  package static let alternatives: [Alternative<WeightInitializer>] =
    named.map { name, summary, initializer in
      Alternative(name, summary, NoSettings.self) { _ in
        initializer
      } extract: {
        $0 == initializer ? NoSettings() : nil
      }
    } + [
      Alternative("normal", "normal with the given standard deviation", DeviationSettings.self) {
        .normal(std: $0.deviation)
      } extract: {
        if case .normal(let std) = $0 { DeviationSettings(deviation: std) } else { nil }
      },
      Alternative("uniform", "uniform between -bound and bound", BoundSettings.self) {
        .uniform(bound: $0.bound)
      } extract: {
        if case .uniform(let bound) = $0 { BoundSettings(bound: bound) } else { nil }
      },
      Alternative("truncated-normal", "normal, at most two standard deviations from zero", DeviationSettings.self) {
        .truncatedNormal(std: $0.deviation)
      } extract: {
        if case .truncatedNormal(let std) = $0 { DeviationSettings(deviation: std) } else { nil }
      },
      Alternative("orthogonal", "orthogonal rows or columns (Saxe et al. 2013)", GainSettings.self) {
        .orthogonal(gain: $0.gain)
      } extract: {
        if case .orthogonal(let gain) = $0 { GainSettings(gain: gain) } else { nil }
      },
      Alternative("constant", "the same value everywhere", ConstantSettings.self) {
        .constant($0.value)
      } extract: {
        if case .constant(let value) = $0 { ConstantSettings(value: value) } else { nil }
      },
    ]

  /// Those without settings, with the source of each.
  private static let named: [(String, String, WeightInitializer)] = [
    ("pytorch", "PyTorch's default: uniform with bound 1/√fan-in, biases too", .pytorch),
    ("he-normal", "normal, std √(2/fan-in) (He et al. 2015, eq. 10)", .heNormal),
    ("he-uniform", "uniform, bound √(6/fan-in) (He et al. 2015)", .heUniform),
    ("he-normal-fan-out", "normal, std √(2/fan-out), as torchvision's ResNets", .heNormalFanOut),
    ("glorot-normal", "normal, std √(2/(fan-in + fan-out)) (Glorot and Bengio 2010)", .glorotNormal),
    ("glorot-uniform", "uniform, bound √(6/(fan-in + fan-out)) (Glorot and Bengio 2010, eq. 16)", .glorotUniform),
    ("lecun-normal", "normal, std √(1/fan-in) (LeCun et al. 1998, \"Efficient backprop\", eq. 16)", .lecunNormal),
    ("lecun-uniform", "uniform, bound √(3/fan-in) (LeCun et al. 1998)", .lecunUniform),
  ]

  /// The distribution of weights of the given shape.
  package func weights(fanIn: Int, fanOut: Int, rows: Int) -> InitialValues {
    let (fanIn, fanOut) = (Double(fanIn), Double(fanOut))
    return switch self {
    case .pytorch: .uniform(bound: (1 / fanIn).squareRoot())
    case .heNormal: .normal(std: (2 / fanIn).squareRoot())
    case .heUniform: .uniform(bound: (6 / fanIn).squareRoot())
    case .heNormalFanOut: .normal(std: (2 / fanOut).squareRoot())
    case .glorotNormal: .normal(std: (2 / (fanIn + fanOut)).squareRoot())
    case .glorotUniform: .uniform(bound: (6 / (fanIn + fanOut)).squareRoot())
    case .lecunNormal: .normal(std: (1 / fanIn).squareRoot())
    case .lecunUniform: .uniform(bound: (3 / fanIn).squareRoot())
    case .normal(let std): .normal(std: std)
    case .uniform(let bound): .uniform(bound: bound)
    case .truncatedNormal(let std): .truncatedNormal(std: std)
    case .orthogonal(let gain): .orthogonal(rows: rows, gain: gain)
    case .constant(let value): .constant(value)
    }
  }

  /// The distribution of the biases.
  package func biases(fanIn: Int) -> InitialValues {
    self == .pytorch ? .uniform(bound: 1 / Double(fanIn).squareRoot()) : .constant(0)
  }
}

private struct NoSettings: YAMLRecord {
  static let fields: [Field<Self>] = []
}

private struct DeviationSettings: ModelRecord {
  var deviation = 0.02
  static let fields: [Field<Self>] = [
    Field("deviation", \.deviation, "standard deviation", check: Limits.positive)
  ]
}

private struct BoundSettings: ModelRecord {
  var bound = 0.05
  static let fields: [Field<Self>] = [
    Field("bound", \.bound, "largest absolute value", check: Limits.positive)
  ]
}

private struct GainSettings: ModelRecord {
  var gain = 1.0
  static let fields: [Field<Self>] = [
    Field("gain", \.gain, "length of the rows or columns", check: Limits.positive)
  ]
}

private struct ConstantSettings: ModelRecord {
  var value: Float = 0
  static let fields: [Field<Self>] = [Field("value", \.value, "the value")]
}
