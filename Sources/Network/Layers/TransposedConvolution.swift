package import Operators
package import StrictYAML

/// A transposed convolution: the linear map whose transpose is a convolution with the same settings.
package struct TransposedConvolutionLayer: LayerDescription {
  /// Output channels.
  package var channels = 0
  /// Kernel size.
  package var kernel = Extent(3)
  /// Output positions from one input position to the next.
  package var stride = Extent(1)
  /// Rows and columns cut off on each side of the output.
  package var padding = Padding.none
  /// Rows below and columns on the right that the output gets in addition.
  package var outputPadding = Extent(0)
  /// Distance between kernel taps.
  package var dilation = Extent(1)
  /// Groups of channels that do not see each other.
  package var groups = ChannelGroups.count(1)
  /// Whether to add a bias per output channel.
  package var bias = true
  /// Distribution of the initial weights.
  package var initial = WeightInitializer.pytorch

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("channels", \.channels, "output channels", required: true, check: Limits.width),
    Field("kernel", \.kernel, "kernel size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "output positions from one input position to the next", check: Extent.atLeast(1)),
    Field("padding", \.padding, "rows and columns cut off on each side of the output", check: Padding.check),
    Field("output-padding", \.outputPadding, "rows and columns added below and on the right, fewer than the stride"),
    Field("dilation", \.dilation, "distance between kernel taps", check: Extent.atLeast(1)),
    Field("groups", \.groups, "groups of channels that do not see each other", check: ChannelGroups.check),
    Field("bias", \.bias, "whether to add a bias per output channel"),
    Field("initial", \.initial, "distribution of the initial weights"),
  ]

  package static let notes = LayerNotes(
    formula: "y[o, i·s + u·d − p, j·s + v·d − p] = b[o] + Σ w[c, o, u, v] · x[c, i, j]",
    shapes: "C×H×W → channels×H'×W', H' = (H − 1)·s + d(K − 1) + 1 − p + output-padding",
    parameters: "weight [C, channels/groups, K, K], bias [channels]",
    work: "2 · C·H·W · K·K · channels/groups",
    source: "Dumoulin and Visin, \"A guide to convolution arithmetic for deep learning\", 2016, section 4")

  package func problem() -> String? {
    let fits =
      (0..<stride.height).contains(outputPadding.height) && (0..<stride.width).contains(outputPadding.width)
    guard fits else {
      return "output-padding (\(outputPadding)) must be at least 0 and below the stride (\(stride))"
    }
    return groups.problem(channels: channels)
  }

  private func size(_ input: Int, _ stride: Int, _ reach: Int, _ cut: Int, _ added: Int) -> Int {
    (input - 1) * stride + reach + added - cut
  }

  /// The convolution, from this layer's output to its input, that this layer is the transpose of.
  package func transposed(for input: Shape) -> ConvolutionGeometry {
    let reach = kernel.dilated(by: dilation)
    let output = Extent(
      height: size(input.height, stride.height, reach.height, padding.top + padding.bottom, outputPadding.height),
      width: size(input.width, stride.width, reach.width, padding.left + padding.right, outputPadding.width))
    return ConvolutionGeometry(
      window: Window(input: output, kernel: kernel, stride: stride, padding: padding, dilation: dilation),
      inputChannels: channels, outputChannels: input.channels, groups: groups.count(inputs: input.channels))
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    try groups.check(input, channels: channels)
    let size = transposed(for: input).window.input
    guard size.height >= 1, size.width >= 1 else {
      throw ShapeProblem(
        "its padding of \(padding) leaves nothing of the output of its kernel of \(kernel) (dilation \(dilation), "
          + "stride \(stride)) over its input \(input): \(size.height)×\(size.width)")
    }
    return Shape(channels: channels, height: size.height, width: size.width)
  }

  package func parameters(for input: Shape) -> [ParameterDescription] {
    let outputs = channels / groups.count(inputs: input.channels)
    return kernelParameters(
      [input.channels, outputs, kernel.height, kernel.width], biases: bias ? channels : 0, initial: initial)
  }

  package func multiplyAdds(for input: Shape) -> Int { transposed(for: input).multiplyAdds }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    let taps = kernel.dilated(by: dilation)
    return ReceptiveFieldStep(
      kernel: Extent(
        height: (taps.height + stride.height - 1) / stride.height,
        width: (taps.width + stride.width - 1) / stride.width))
  }
}
