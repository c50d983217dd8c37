package import Operators
package import StrictYAML

/// Each number over a power of the mean square of its neighbours across channels.
package struct LocalResponseNormalizationLayer: LayerDescription {
  /// Channels that count in a sum.
  package var size = 5
  /// Weight of the mean square.
  package var alpha = 1e-4
  /// The exponent.
  package var beta = 0.75
  /// What is added to the mean square.
  package var k = 1.0

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("size", \.size, "channels that count in a sum", check: Limits.width),
    Field("alpha", \.alpha, "weight of the mean square", check: Limits.factor),
    Field("beta", \.beta, "the exponent", check: Limits.positive),
    Field("k", \.k, "what is added to the mean square", check: Limits.positive),
  ]

  package static let notes = LayerNotes(
    formula:
      "y[c] = x[c] / (k + alpha/size · Σ x[j]²)^beta over the channels c − ⌊size/2⌋ ≤ j ≤ c + ⌊(size − 1)/2⌋ of the "
      + "same position",
    work: "about C·H·W · (2 · size + 10)",
    source:
      "Krizhevsky, Sutskever and Hinton, \"ImageNet classification with deep convolutional neural networks\", 2012, "
      + "section 3.3, with PyTorch's division of alpha by size")

  /// The geometry for an input of the given shape.
  package func geometry(for input: Shape) -> LocalResponse {
    LocalResponse(channels: input.channels, size: size, alpha: Float(alpha), beta: Float(beta), k: Float(k))
  }
}
