package import Operators
package import StrictYAML

/// A layer that maps each channel alone by a fixed separable map.
package protocol ResamplingLayer: LayerDescription {
  /// The map for an input of the given shape, which has passed `output(for:)`.
  func resampling(for input: Shape) -> Resampling
}

/// The mean of each window, channel by channel.
package struct AveragePoolingLayer: ResamplingLayer {
  /// Window size.
  package var kernel = Extent(2)
  /// Step between windows (the window size if not given).
  package var stride: Extent?
  /// Zeros added on each side, at most half the kernel.
  package var padding = Extent(0)
  /// Whether padded zeros count in the mean.
  package var includePadding = true
  /// Whether a last window that the input does not fill counts.
  package var ceil = false

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("kernel", \.kernel, "window size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "step between windows (the window size if not given)", check: Limits.stride),
    Field("padding", \.padding, "zeros added on each side, at most half the kernel"),
    Field("include-padding", \.includePadding, "whether padded zeros count in the mean"),
    Field("ceil", \.ceil, "whether a last window that the input does not fill counts"),
  ]

  package static let notes = LayerNotes(
    formula: "y[c, i, j] = mean of x[c, i·s + u − p, j·s + v − p] over u and v",
    shapes: "C×H×W → C×H'×W', H' = ⌊(H + 2p − K)/s⌋ + 1 (⌈…⌉ with ceil)", work: "C·H'·W' · K·K additions",
    source:
      "LeCun et al., \"Gradient-based learning applied to document recognition\", 1998, section II.B, without the "
      + "trainable coefficient")

  package func problem() -> String? { Limits.padding(padding, kernel: kernel) }

  private func window(for input: Shape) -> Window {
    let window = Window(
      input: input.extent, kernel: kernel, stride: stride ?? kernel, padding: Padding(padding))
    return ceil ? window.roundedUp : window
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    try window(for: input).fitMap(input)
  }

  /// With padding that counts, what lies beyond the padding (where `ceil` adds a window) does not.
  package func resampling(for input: Shape) -> Resampling {
    let window = window(for: input)
    return Resampling(
      rows: .mean(window.rows, paddedEnd: includePadding ? input.height + padding.height : nil),
      columns: .mean(window.columns, paddedEnd: includePadding ? input.width + padding.width : nil),
      channels: input.channels)
  }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    ReceptiveFieldStep(kernel: kernel, stride: stride ?? kernel)
  }
}

/// Means over as many windows as are asked for, whatever the size of the input.
package struct AdaptiveAveragePoolingLayer: ResamplingLayer {
  /// The size of the output.
  package var size = Extent(1)

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("size", \.size, "size of the output", required: true, check: Extent.atLeast(1))
  ]

  package static let notes = LayerNotes(
    formula: "y[c, i, j] = mean of x[c, u, v] over ⌊i·H/H'⌋ ≤ u < ⌈(i + 1)·H/H'⌉ and the same for v",
    shapes: "C×H×W → C×H'×W', [H', W'] = size", work: "about C·H·W additions",
    source: "PyTorch's AdaptiveAvgPool2d; He et al., \"Spatial pyramid pooling\", 2014, section 2.2")

  package func output(for input: Shape) -> Shape {
    Shape(channels: input.channels, height: size.height, width: size.width)
  }

  package func resampling(for input: Shape) -> Resampling {
    Resampling(
      rows: .adaptiveMean(input: input.height, output: size.height),
      columns: .adaptiveMean(input: input.width, output: size.width), channels: input.channels)
  }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    ReceptiveFieldStep(
      kernel: Extent(height: input.height / size.height + 2, width: input.width / size.width + 2),
      stride: Extent(height: input.height / size.height + 1, width: input.width / size.width + 1))
  }
}

/// The mean of each window with weights that fall with the distance from its centre. Padding does not count.
package struct GaussianPoolingLayer: ResamplingLayer {
  /// Window size.
  package var kernel = Extent(3)
  /// Step between windows.
  package var stride = Extent(1)
  /// Rows and columns added on each side, at most half the kernel.
  package var padding = Extent(0)
  /// Distance from the centre at which the weight has fallen to e^−½.
  package var deviation = 1.0

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("kernel", \.kernel, "window size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "step between windows", check: Extent.atLeast(1)),
    Field("padding", \.padding, "rows and columns added on each side, at most half the kernel"),
    Field(
      "deviation", \.deviation, "distance from the centre at which the weight has fallen to 0.61",
      check: Limits.pixels),
  ]

  package static let notes = LayerNotes(
    formula:
      "y = Σ g(u)·g(v)·x[c, i·s + u − p, j·s + v − p] / Σ g(u)·g(v) over the taps on the input, "
      + "g(u) = exp(−(u − (K − 1)/2)²/(2·deviation²))",
    shapes: "C×H×W → C×H'×W', H' = ⌊(H + 2p − K)/s⌋ + 1", work: "2 · C·H'·W' · K·K",
    source: "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, section 9.3 (distance-weighted average)")

  package func problem() -> String? { Limits.padding(padding, kernel: kernel) }

  private func window(for input: Shape) -> Window {
    Window(input: input.extent, kernel: kernel, stride: stride, padding: Padding(padding))
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    try window(for: input).fitMap(input)
  }

  package func resampling(for input: Shape) -> Resampling {
    let window = window(for: input)
    return Resampling(
      rows: .gaussianMean(window.rows, deviation: deviation),
      columns: .gaussianMean(window.columns, deviation: deviation), channels: input.channels)
  }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    ReceptiveFieldStep(kernel: kernel, stride: stride)
  }
}

/// The mean over all positions, channel by channel: the output is a vector.
package struct GlobalAveragePoolingLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []

  package static let notes = LayerNotes(
    formula: "y[c] = mean of x[c, i, j] over i and j", shapes: "C×H×W → C", work: "C·H·W additions",
    source: "Lin, Chen and Yan, \"Network in network\", 2013, section 3.2")

  package func output(for input: Shape) -> Shape { Shape(features: input.channels) }
  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? { nil }
}
