package import Operators
package import StrictYAML

/// A layer that drops parts of its input at random while training and does nothing in evaluation. What it drops is a
/// pure function of (seed, layer path, step, sample).
package protocol DropoutDescription: LayerDescription {
  /// Probability of dropping a part; the others are divided by 1 − rate.
  var rate: Double { get }
  /// How one sample is cut into parts: `rows` times the same mask of `columns` elements, each for so many neighbours
  /// that all is covered.
  func mask(for input: Shape) -> (rows: Int, columns: Int)
}

/// Drops single elements.
package struct DropoutLayer: DropoutDescription {
  package var rate = 0.5

  package init() {}

  /// Dropout of the given rate.
  package init(_ rate: Double) { self.rate = rate }

  package static let fields: [Field<Self>] = [rateField(\.rate, "an element")]

  package static let notes = LayerNotes(
    formula: "y = m·x/(1 − rate), m = 0 with probability rate, else 1, for each element; y = x in evaluation",
    work: "C·H·W", source: "Srivastava et al., \"Dropout\", 2014, with the scaling at training time")

  package func mask(for input: Shape) -> (rows: Int, columns: Int) { (1, input.count) }
}

/// Drops whole channels of a sample.
package struct SpatialDropoutLayer: DropoutDescription {
  package var rate = 0.5

  package init() {}

  package static let fields: [Field<Self>] = [rateField(\.rate, "a channel of a sample")]

  package static let notes = LayerNotes(
    formula:
      "y = m·x/(1 − rate), m = 0 with probability rate, else 1, for each channel of a sample; y = x in evaluation",
    work: "C·H·W",
    source: "Tompson et al., \"Efficient object localization using convolutional networks\", 2015, section 3.2")

  package func mask(for input: Shape) -> (rows: Int, columns: Int) { (input.positions, input.channels) }
}

/// Drops whole samples; in front of an addition it drops a residual branch.
package struct StochasticDepthLayer: DropoutDescription {
  package var rate = 0.5

  package init() {}

  package static let fields: [Field<Self>] = [rateField(\.rate, "a sample")]

  package static let notes = LayerNotes(
    formula: "y = m·x/(1 − rate), m = 0 with probability rate, else 1, for each sample; y = x in evaluation",
    work: "C·H·W",
    source: "Huang et al., \"Deep networks with stochastic depth\", 2016, eq. 2, with the scaling at training time")

  package func mask(for input: Shape) -> (rows: Int, columns: Int) { (input.count, 1) }
}

private func rateField<Record: YAMLRecord>(
  _ path: any WritableKeyPath<Record, Double> & Sendable, _ part: String
) -> Field<Record> {
  Field("rate", path, "probability of dropping \(part)", check: Limits.rate)
}

/// One trainable factor for each channel.
package struct LayerScaleLayer: LayerDescription {
  /// What the factors start at.
  package var initial: Float = 1e-6

  package init() {}
  package static let fields: [Field<Self>] = [Field("initial", \.initial, "what the factors start at")]

  package static let notes = LayerNotes(
    formula: "y[c, i, j] = layer_scale[c] · x[c, i, j]", parameters: "layer_scale [C, 1, 1]", work: "C·H·W",
    source: "Touvron et al., \"Going deeper with image transformers\", 2021, section 2; the name is torchvision's")

  package func parameters(for input: Shape) -> [ParameterDescription] {
    [
      ParameterDescription(
        name: "layer_scale", shape: [input.channels, 1, 1], arrangement: .plain, initial: .constant(initial),
        decays: true)
    ]
  }
}

/// e^x / Σ e^x over the features of a vector, or over the channels at each position.
///
/// The loss `cross-entropy` contains its own softmax: give it the logits.
package struct SoftmaxLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []

  package static let notes = LayerNotes(
    formula: "y[c] = e^x[c] / Σ e^x[k] over the channels at each position (cross-entropy has its own: give it logits)",
    work: "about 4 · C·H·W",
    source: "Bridle, \"Probabilistic interpretation of feedforward classification network outputs\", 1990")
}
