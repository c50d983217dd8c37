package import StrictYAML

/// An element-wise activation; it has no parameters and keeps the shape.
package struct ActivationLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []
}

/// e^x / Σ e^x over the features of a vector (or over the channels at each position).
///
/// Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990. The loss
/// `cross-entropy` contains its own softmax: give it the logits.
package struct SoftmaxLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []
}

/// Sets each element to zero with probability `rate` while training and divides the others by 1 − rate.
///
/// Source: Srivastava et al., "Dropout", 2014, with the scaling at training time. Which elements is a pure function of
/// (seed, layer path, step, sample). Does nothing in evaluation.
package struct DropoutLayer: LayerDescription {
  /// Probability of dropping an element.
  package var rate = 0.5

  package init() {}

  /// Dropout of the given rate.
  package init(_ rate: Double) { self.rate = rate }

  package static let fields: [Field<Self>] = [
    Field(
      "rate", \.rate, "probability of dropping an element",
      check: { (0..<1).contains($0) ? nil : "must be at least 0 and below 1" })
  ]
}

/// Turns channels × height × width into a vector, channel first (the order of PyTorch's weights).
package struct FlattenLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []

  package func output(for input: Shape) -> Shape { Shape(features: input.count) }
  package var reach: (kernel: Extent, stride: Extent)? { (Extent(1), Extent(1)) }
}

/// Passes its input on: the short way of a residual block.
package struct IdentityLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []
}
