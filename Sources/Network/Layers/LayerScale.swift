package import Operators
package import StrictYAML

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
