package import Operators
package import StrictYAML

/// A convolution (cross-correlation) over height and width, in groups of channels.
package struct ConvolutionLayer: LayerDescription {
  /// Output channels.
  package var channels = 0
  /// Kernel size.
  package var kernel = Extent(3)
  /// Step between windows.
  package var stride = Extent(1)
  /// Zeros on each side.
  package var padding = PaddingRule.fixed(.none)
  /// Distance between kernel taps.
  package var dilation = Extent(1)
  /// Groups of channels that do not see each other.
  package var groups = ChannelGroups.count(1)
  /// Whether to add a bias per output channel.
  package var bias = true
  /// Distribution of the initial weights.
  package var initial = WeightInitializer.pytorch

  package init() {}

  /// A convolution with `channels` output channels; everything else at its default.
  package init(
    _ channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, bias: Bool = true,
    initial: WeightInitializer = .pytorch
  ) {
    self.channels = channels
    self.kernel = Extent(kernel)
    self.stride = Extent(stride)
    self.padding = .fixed(Padding(Extent(padding)))
    self.bias = bias
    self.initial = initial
  }

  package static let fields: [Field<Self>] = [
    Field("channels", \.channels, "output channels", required: true, check: Limits.width),
    Field("kernel", \.kernel, "kernel size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "step between windows", check: Extent.atLeast(1)),
    Field("padding", \.padding, "zeros on each side", check: PaddingRule.check),
    Field("dilation", \.dilation, "distance between kernel taps", check: Extent.atLeast(1)),
    Field("groups", \.groups, "groups of channels that do not see each other", check: ChannelGroups.check),
    Field("bias", \.bias, "whether to add a bias per output channel"),
    Field("initial", \.initial, "distribution of the initial weights"),
  ]

  package static let notes = LayerNotes(
    formula: "y[o, i, j] = b[o] + Σ w[o, c, u, v] · x[c, i·s + u·d − p, j·s + v·d − p]",
    shapes: "C×H×W → channels×H'×W', H' = ⌊(H + p − d(K − 1) − 1)/s⌋ + 1, p being the sum of both sides",
    parameters: "weight [channels, C/groups, K, K], bias [channels]",
    work: "2 · channels·H'·W' · K·K · C/groups",
    source:
      "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, eq. 9.6; Dumoulin and Visin 2016, relationship 15"
  )

  package func problem() -> String? { groups.problem(channels: channels) }

  /// The geometry for an input of the given shape.
  package func geometry(for input: Shape) -> ConvolutionGeometry {
    ConvolutionGeometry(
      window: Window(
        input: input.extent, kernel: kernel, stride: stride,
        padding: padding.padding(input: input.extent, kernel: kernel, stride: stride, dilation: dilation),
        dilation: dilation),
      inputChannels: input.channels, outputChannels: channels, groups: groups.count(inputs: input.channels))
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    try groups.check(input, channels: channels)
    return try geometry(for: input).window.fit(input, channels: channels, what: "kernel")
  }

  package func parameters(for input: Shape) -> [ParameterDescription] {
    let geometry = geometry(for: input)
    let shape = [channels, input.channels / geometry.groups, kernel.height, kernel.width]
    return kernelParameters(shape, biases: bias ? channels : 0, initial: initial)
  }

  package func multiplyAdds(for input: Shape) -> Int { geometry(for: input).multiplyAdds }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    ReceptiveFieldStep(kernel: kernel.dilated(by: dilation), stride: stride)
  }
}
