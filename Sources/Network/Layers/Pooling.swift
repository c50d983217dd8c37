package import Operators
package import StrictYAML

/// The largest value of each window, channel by channel. Padding never wins.
package struct MaxPoolingLayer: LayerDescription {
  /// Window size.
  package var kernel = Extent(2)
  /// Step between windows (the window size if not given).
  package var stride: Extent?
  /// Rows and columns added on each side, at most half the kernel.
  package var padding = Extent(0)
  /// Distance between the taps of a window.
  package var dilation = Extent(1)
  /// Whether a last window that the input does not fill counts.
  package var ceil = false

  package init() {}

  /// Windows of `kernel` × `kernel`, side by side unless a stride is given.
  package init(_ kernel: Int, stride: Int? = nil, padding: Int = 0) {
    self.kernel = Extent(kernel)
    self.stride = stride.map { Extent($0) }
    self.padding = Extent(padding)
  }

  package static let fields: [Field<Self>] = [
    Field("kernel", \.kernel, "window size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "step between windows (the window size if not given)", check: Limits.stride),
    Field("padding", \.padding, "rows and columns added on each side, at most half the kernel"),
    Field("dilation", \.dilation, "distance between the taps of a window", check: Extent.atLeast(1)),
    Field("ceil", \.ceil, "whether a last window that the input does not fill counts"),
  ]

  package static let notes = LayerNotes(
    formula: "y[c, i, j] = max of x[c, i·s + u·d − p, j·s + v·d − p] over u and v",
    shapes: "C×H×W → C×H'×W', H' = ⌊(H + 2p − d(K − 1) − 1)/s⌋ + 1 (⌈…⌉ with ceil)",
    work: "C·H'·W' · K·K comparisons",
    source: "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, section 9.3")

  package func problem() -> String? { Limits.padding(padding, kernel: kernel) }

  /// The window over an input of the given shape.
  package func window(for input: Shape) -> Window {
    let window = Window(
      input: input.extent, kernel: kernel, stride: stride ?? kernel, padding: Padding(padding), dilation: dilation)
    return ceil ? window.roundedUp : window
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    let window = window(for: input)
    let output = try window.fit(input, channels: input.channels, what: "window")
    guard window.alwaysMeetsInput else {
      throw ShapeProblem(
        "its window of \(kernel) (dilation \(dilation), padding \(padding)) lies on padding alone at some positions "
          + "of its input \(input) and has no largest value there; use less padding or dilation")
    }
    return output
  }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    ReceptiveFieldStep(kernel: kernel.dilated(by: dilation), stride: stride ?? kernel)
  }
}

/// The largest value of each channel: the output is a vector.
package struct GlobalMaxPoolingLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []

  package static let notes = LayerNotes(
    formula: "y[c] = max of x[c, i, j] over i and j", shapes: "C×H×W → C", work: "C·H·W comparisons",
    source: "Oquab et al., \"Is object localization for free?\", 2015, section 3")

  /// The one window over an input of the given shape.
  package func window(for input: Shape) -> Window { Window(input: input.extent, kernel: input.extent) }

  package func output(for input: Shape) -> Shape { Shape(features: input.channels) }
  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? { nil }
}

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
    Field("stride", \.stride, "step between windows (the window size if not given)", check: Limits.stride),
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

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    ReceptiveFieldStep(kernel: kernel, stride: stride ?? kernel)
  }
}
