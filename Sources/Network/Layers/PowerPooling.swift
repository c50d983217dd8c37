package import Operators
package import StrictYAML

/// The L^p norm of each window, channel by channel: between the sum (p = 1) and the largest absolute value (p → ∞).
package struct PowerPoolingLayer: LayerDescription {
  /// Window size.
  package var kernel = Extent(2)
  /// Step between windows (the window size if not given).
  package var stride: Extent?
  /// The exponent p.
  package var exponent = 2.0
  /// Whether a last window that the input does not fill counts.
  package var ceil = false

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("kernel", \.kernel, "window size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "step between windows (the window size if not given)", check: PoolingChecks.stride),
    Field(
      "exponent", \.exponent, "the exponent p", check: { (1...16).contains($0) ? nil : "must be from 1 to 16" }),
    Field("ceil", \.ceil, "whether a last window that the input does not fill counts"),
  ]

  package static let notes = LayerNotes(
    formula: "y[c, i, j] = (Σ |x[c, i·s + u, j·s + v]|^p)^(1/p); the gradient is 0 where y is",
    shapes: "C×H×W → C×H'×W', H' = ⌊(H − K)/s⌋ + 1 (⌈…⌉ with ceil)", work: "C·H'·W' · K·K powers",
    source:
      "Sermanet, Chintala and LeCun, \"Convolutional neural networks applied to house numbers digit classification\", "
      + "2012, section 2.2, without weights")

  /// The window over an input of the given shape.
  package func window(for input: Shape) -> Window {
    let window = Window(input: input.extent, kernel: kernel, stride: stride ?? kernel)
    return ceil ? window.roundedUp : window
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    try window(for: input).fit(input, channels: input.channels, what: "window")
  }

  package func reach(for input: Shape) -> Reach? { Reach(kernel: kernel, stride: stride ?? kernel) }
}
