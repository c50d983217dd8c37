package import Operators
package import StrictYAML

/// A fully connected layer.
package struct DenseLayer: LayerDescription {
  /// Outputs.
  package var features = 0
  /// Whether to add a bias per output.
  package var bias = true
  /// Distribution of the initial weights.
  package var initial = WeightInitializer.pytorch

  package init() {}

  /// A dense layer with `features` outputs.
  package init(_ features: Int, initial: WeightInitializer = .pytorch) {
    self.features = features
    self.initial = initial
  }

  package static let fields: [Field<Self>] = [
    Field("features", \.features, "outputs", required: true, check: Limits.width),
    Field("bias", \.bias, "whether to add a bias per output"),
    Field("initial", \.initial, "distribution of the initial weights"),
  ]

  package static let notes = LayerNotes(
    formula: "y = W·x + b",
    shapes: "n → features; the input must be a vector: put flatten or a global pooling before it",
    parameters: "weight [features, n], bias [features]",
    work: "2 · features · n",
    source: "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, eq. 6.3")

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    guard input.isVector else {
      throw ShapeProblem(
        "a dense layer needs a vector and its input is \(input); put 'flatten' or 'global-average-pool' before it")
    }
    return Shape(features: features)
  }

  package func parameters(for input: Shape) -> [ParameterDescription] {
    let weight = ParameterDescription(
      name: "weight", shape: [features, input.count], arrangement: .plain,
      initial: initial.weights(fanIn: input.count, fanOut: features, rows: features), decays: true)
    let biases = ParameterDescription.perChannel("bias", features, initial: initial.biases(fanIn: input.count))
    return bias ? [weight, biases] : [weight]
  }

  package func multiplyAdds(for input: Shape) -> Int { features * input.count }
  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? { nil }
}
