package import Operators
package import StrictYAML

/// An element-wise activation; it has no parameters and keeps the shape. The function stands in `Layer.activation`.
package struct ActivationLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []
  package static let notes = LayerNotes(formula: "y = f(x)", work: "C·H·W", source: "see each function")
}

/// A rectifier whose slope below zero is trained.
package struct PReLULayer: LayerDescription {
  /// Whether all channels have one slope; else each has its own.
  package var shared = true
  /// What the slopes start at.
  package var initial: Float = 0.25

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("shared", \.shared, "whether all channels have one slope, or each its own"),
    Field("initial", \.initial, "what the slopes start at"),
  ]

  package static let notes = LayerNotes(
    formula: "y[c, i, j] = x[c, i, j] where that is above 0, else weight[c] · x[c, i, j]",
    parameters: "weight [1] or [C]; as in the paper it does not decay", work: "C·H·W",
    source: "He et al., \"Delving deep into rectifiers\", 2015, eq. 1; one slope by default, as in PyTorch")

  package func parameters(for input: Shape) -> [ParameterDescription] {
    [.perChannel("weight", shared ? 1 : input.channels, initial: .constant(initial))]
  }
}

extension Layer {
  /// The kinds of element-wise activations.
  static let activationKinds: [LayerKind] = [
    activation(
      .relu, "y = max(0, x)",
      source: "Nair and Hinton, \"Rectified linear units improve restricted Boltzmann machines\", 2010"),
    activation(
      .relu6, "y = min(max(0, x), 6)",
      source: "Krizhevsky, \"Convolutional deep belief networks on CIFAR-10\", 2010"),
    activation(
      "leaky-relu", "y = x where x > 0, else slope·x",
      source: "Maas, Hannun and Ng, \"Rectifier nonlinearities improve neural network acoustic models\", 2013",
      LeakyReLUSettings.self
    ) {
      .leakyReLU(slope: $0.slope)
    } extract: {
      if case .leakyReLU(let slope) = $0 { LeakyReLUSettings(slope: slope) } else { nil }
    },
    activation(
      "elu", "y = x where x > 0, else alpha·(e^x − 1)",
      source: "Clevert, Unterthiner and Hochreiter, \"Exponential linear units\", 2015, eq. 16", ELUSettings.self
    ) {
      .elu(alpha: $0.alpha)
    } extract: {
      if case .elu(let alpha) = $0 { ELUSettings(alpha: alpha) } else { nil }
    },
    activation(
      .sigmoid, "y = 1/(1 + e^−x)",
      source: "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, eq. 3.30"),
    activation(.tanh, "y = tanh x", source: "LeCun et al., \"Efficient backprop\", 1998, section 4.4"),
    activation(
      "gelu", "y = x·Φ(x); tanh: Φ(x) ≈ ½·(1 + tanh(√(2/π)·(x + 0.044715·x³)))",
      source: "Hendrycks and Gimpel, \"Gaussian error linear units\", 2016, section 2", GELUSettings.self
    ) {
      .gelu($0.form)
    } extract: {
      if case .gelu(let form) = $0 { GELUSettings(form: form) } else { nil }
    },
    activation(
      .silu, "y = x/(1 + e^−x)",
      source: "Elfwing, Uchibe and Doya, \"Sigmoid-weighted linear units\", 2017, eq. 13"),
    activation(
      .hardSigmoid, "y = min(max(0, x/6 + ½), 1)",
      source: "Howard et al., \"Searching for MobileNetV3\", 2019, section 5.2"),
    activation(
      .hardSwish, "y = x·min(max(0, x/6 + ½), 1)",
      source: "Howard et al., \"Searching for MobileNetV3\", 2019, section 5.2"),
    activation(
      "softplus", "y = ln(1 + e^(beta·x))/beta",
      source: "Dugas et al., \"Incorporating second-order functional knowledge\", 2001, eq. 3", SoftplusSettings.self
    ) {
      .softplus(beta: $0.beta)
    } extract: {
      if case .softplus(let beta) = $0 { SoftplusSettings(beta: beta) } else { nil }
    },
  ]

  /// A function without settings.
  private static func activation(_ function: ActivationFunction, _ formula: String, source: String) -> LayerKind {
    activation(function.kind, formula, source: source, ActivationLayer.self) { _ in
      function
    } extract: {
      $0 == function ? ActivationLayer() : nil
    }
  }

  private static func activation<Settings: YAMLRecord>(
    _ name: String, _ formula: String, source: String, _ settings: Settings.Type,
    embed: @escaping @Sendable (Settings) -> ActivationFunction,
    extract: @escaping @Sendable (ActivationFunction) -> Settings?
  ) -> LayerKind {
    let alternative = Alternative<Layer>(name, "element-wise \(name)", settings) {
      .activation(embed($0))
    } extract: {
      if case .activation(let function) = $0 { extract(function) } else { nil }
    }
    return LayerKind(
      alternative: alternative, notes: LayerNotes(formula: formula, work: "C·H·W evaluations", source: source))
  }
}

private struct LeakyReLUSettings: ModelRecord {
  var slope: Float = 0.01
  static let fields: [Field<Self>] = [
    Field("slope", \.slope, "slope below 0", check: { $0 >= 0 ? nil : "must be at least 0" })
  ]
}

private struct ELUSettings: ModelRecord {
  var alpha: Float = 1
  static let fields: [Field<Self>] = [
    Field("alpha", \.alpha, "minus the limit far below 0", check: { $0 >= 0 ? nil : "must be at least 0" })
  ]
}

private struct GELUSettings: ModelRecord {
  var form = GELUForm.exact
  static let fields: [Field<Self>] = [Field("form", \.form, "how Φ is computed")]
}

private struct SoftplusSettings: ModelRecord {
  var beta: Float = 1
  static let fields: [Field<Self>] = [
    Field("beta", \.beta, "how sharp the bend is", check: { $0 > 0 ? nil : "must be above 0" })
  ]
}

extension GELUForm: YAMLValue {}
