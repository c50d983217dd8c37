package import StrictYAML

/// The largest value of each window, channel by channel: y[i, j] = max over the window of x.
///
/// Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 9.3. Padding never wins. No parameters.
package struct MaxPoolingLayer: LayerDescription {
  /// Window size.
  package var kernel = Extent(2)
  /// Step between windows (the window size if not given).
  package var stride: Extent?
  /// Rows and columns added on each side, at most half the kernel.
  package var padding = Extent(0)
  /// Distance between the taps of a window.
  package var dilation = Extent(1)

  package init() {}

  /// Windows of `kernel` × `kernel`, side by side unless a stride is given.
  package init(_ kernel: Int, stride: Int? = nil, padding: Int = 0) {
    self.kernel = Extent(kernel)
    self.stride = stride.map { Extent($0) }
    self.padding = Extent(padding)
  }

  package static let fields: [Field<Self>] = [
    Field("kernel", \.kernel, "window size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "step between windows (the window size if not given)", check: PoolingChecks.stride),
    Field("padding", \.padding, "rows and columns added on each side, at most half the kernel"),
    Field("dilation", \.dilation, "distance between the taps of a window", check: Extent.atLeast(1)),
  ]

  package func problem() -> String? { PoolingChecks.padding(padding, kernel: kernel) }

  /// The window over an input of the given shape.
  package func window(for input: Shape) -> Window {
    Window(
      input: Extent(height: input.height, width: input.width), kernel: kernel, stride: stride ?? kernel,
      padding: Padding(padding), dilation: dilation)
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

  package var reach: (kernel: Extent, stride: Extent)? { (kernel.dilated(by: dilation), stride ?? kernel) }
}

/// The mean of each window, channel by channel.
///
/// Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998, section II.B (without the
/// trainable coefficient). No parameters.
package struct AveragePoolingLayer: LayerDescription {
  /// Window size.
  package var kernel = Extent(2)
  /// Step between windows (the window size if not given).
  package var stride: Extent?
  /// Zeros added on each side, at most half the kernel.
  package var padding = Extent(0)
  /// Whether padded zeros count in the mean.
  package var includePadding = true

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("kernel", \.kernel, "window size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "step between windows (the window size if not given)", check: PoolingChecks.stride),
    Field("padding", \.padding, "zeros added on each side, at most half the kernel"),
    Field("include-padding", \.includePadding, "whether padded zeros count in the mean"),
  ]

  package func problem() -> String? { PoolingChecks.padding(padding, kernel: kernel) }

  /// The window over an input of the given shape.
  package func window(for input: Shape) -> Window {
    Window(
      input: Extent(height: input.height, width: input.width), kernel: kernel, stride: stride ?? kernel,
      padding: Padding(padding))
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    try window(for: input).fit(input, channels: input.channels, what: "window")
  }

  package var reach: (kernel: Extent, stride: Extent)? { (kernel, stride ?? kernel) }
}

/// The mean over all positions, channel by channel: the output is a vector.
///
/// Source: Lin, Chen and Yan, "Network in network", 2013, section 3.2. No parameters.
package struct GlobalAveragePoolingLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []

  package func output(for input: Shape) -> Shape { Shape(features: input.channels) }
  package var reach: (kernel: Extent, stride: Extent)? { nil }
}

/// Checks that the pooling layers share.
private enum PoolingChecks {
  static let stride: @Sendable (Extent?) -> String? = { $0.flatMap(Extent.atLeast(1)) }

  static func padding(_ padding: Extent, kernel: Extent) -> String? {
    let fits =
      padding.height >= 0 && padding.width >= 0 && padding.height <= kernel.height / 2
      && padding.width <= kernel.width / 2
    return fits ? nil : "padding (\(padding)) must be at least 0 and at most half the kernel (\(kernel))"
  }
}
