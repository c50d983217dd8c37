package import Operators
package import StrictYAML

/// Fixed filters over each channel: edges, smoothing, or values of your own. Nothing of it is trained.
package struct FilterLayer: LayerDescription {
  /// The filters.
  package var kernel = FilterKernel.sobel
  /// Step between windows.
  package var stride = Extent(1)
  /// Zeros on each side.
  package var padding = PaddingRule.same
  /// Distance between kernel taps.
  package var dilation = Extent(1)

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("kernel", \.kernel, "the filters", required: true),
    Field("stride", \.stride, "step between windows", check: Extent.atLeast(1)),
    Field("padding", \.padding, "zeros on each side", check: PaddingRule.check),
    Field("dilation", \.dilation, "distance between kernel taps", check: Extent.atLeast(1)),
  ]

  package static let notes = LayerNotes(
    formula: "y[c·F + f, i, j] = Σ kernel[f, u, v] · x[c, i·s + u·d − p, j·s + v·d − p], for each of F filters",
    shapes: "C×H×W → C·F×H'×W', H' as for a convolution",
    work: "2 · C·F·H'·W' · K·K",
    source: "Gonzalez and Woods, \"Digital Image Processing\", 2018, chapters 3 and 10")

  /// The geometry for an input of the given shape.
  package func geometry(for input: Shape) -> FilterGeometry {
    let size = kernel.size
    return FilterGeometry(
      window: Window(
        input: input.extent, kernel: size, stride: stride,
        padding: padding.padding(input: input.extent, kernel: size, stride: stride, dilation: dilation),
        dilation: dilation),
      channels: input.channels, filters: kernel.filters.flatMap { $0 }.flatMap { $0 })
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    let geometry = geometry(for: input)
    return try geometry.window.fit(input, channels: input.channels * geometry.count, what: "kernel")
  }

  package func multiplyAdds(for input: Shape) -> Int {
    let geometry = geometry(for: input)
    return geometry.output.count * geometry.window.kernel.count
  }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    ReceptiveFieldStep(kernel: kernel.size.dilated(by: dilation), stride: stride)
  }
}
