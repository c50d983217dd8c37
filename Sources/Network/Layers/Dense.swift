package import StrictYAML

/// A fully connected layer: y = W·x + b.
///
/// Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, eq. 6.3. The input must be a vector: put `flatten`
/// or a global pooling before it. Parameters: weight [features, inputs], bias [features].
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
      initial: initial.weights(fanIn: input.count, fanOut: features), decays: true)
    guard bias else { return [weight] }
    let biases = ParameterDescription(
      name: "bias", shape: [features], arrangement: .plain, initial: initial.biases(fanIn: input.count), decays: false)
    return [weight, biases]
  }

  package func multiplyAdds(for input: Shape) -> Int { features * input.count }
  package var reach: (kernel: Extent, stride: Extent)? { nil }
}
