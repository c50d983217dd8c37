package import StrictYAML

/// A convolution (cross-correlation) over height and width, in groups of channels:
/// y[o, i, j] = b[o] + Σ w[o, c, u, v] · x[c, i·s + u·d − p, j·s + v·d − p].
///
/// Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, eq. 9.6; output size as in `Window`.
/// Parameters: weight [channels, input channels / groups, kernel rows, kernel columns], bias [channels].
/// Multiply-adds for a sample: output count · kernel positions · input channels / groups.
package struct ConvolutionLayer: LayerDescription {
  /// Output channels.
  package var channels = 0
  /// Kernel size.
  package var kernel = Extent(3)
  /// Step between windows.
  package var stride = Extent(1)
  /// Zeros on each side.
  package var padding = Extent(0)
  /// Distance between kernel taps.
  package var dilation = Extent(1)
  /// Groups of channels that do not see each other.
  package var groups = 1
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
    self.padding = Extent(padding)
    self.bias = bias
    self.initial = initial
  }

  package static let fields: [Field<Self>] = [
    Field("channels", \.channels, "output channels", required: true, check: Limits.width),
    Field("kernel", \.kernel, "kernel size", check: Extent.atLeast(1)),
    Field("stride", \.stride, "step between windows", check: Extent.atLeast(1)),
    Field("padding", \.padding, "zeros on each side", check: Extent.atLeast(0)),
    Field("dilation", \.dilation, "distance between kernel taps", check: Extent.atLeast(1)),
    Field("groups", \.groups, "groups of channels that do not see each other", check: Limits.width),
    Field("bias", \.bias, "whether to add a bias per output channel"),
    Field("initial", \.initial, "distribution of the initial weights"),
  ]

  package func problem() -> String? {
    channels % groups == 0 ? nil : "channels (\(channels)) must be a multiple of groups (\(groups))"
  }

  /// The geometry for an input of the given shape.
  package func geometry(for input: Shape) -> ConvolutionGeometry {
    ConvolutionGeometry(
      window: Window(
        input: Extent(height: input.height, width: input.width), kernel: kernel, stride: stride,
        padding: Padding(padding), dilation: dilation),
      inputChannels: input.channels, outputChannels: channels, groups: groups)
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    guard input.channels % groups == 0 else {
      throw ShapeProblem("\(groups) groups do not divide the \(input.channels) channels of its input \(input)")
    }
    return try geometry(for: input).window.fit(input, channels: channels, what: "kernel")
  }

  package func parameters(for input: Shape) -> [ParameterDescription] {
    let row = geometry(for: input).rowCount
    let weight = ParameterDescription(
      name: "weight", shape: [channels, input.channels / groups, kernel.height, kernel.width],
      arrangement: .channelsLast, initial: initial.weights(fanIn: row, fanOut: channels / groups * kernel.count),
      decays: true)
    guard bias else { return [weight] }
    let biases = ParameterDescription(
      name: "bias", shape: [channels], arrangement: .plain, initial: initial.biases(fanIn: row), decays: false)
    return [weight, biases]
  }

  package func multiplyAdds(for input: Shape) -> Int { geometry(for: input).multiplyAdds }

  package var reach: (kernel: Extent, stride: Extent)? { (kernel.dilated(by: dilation), stride) }
}

extension Window {
  /// The output shape, or the problem that the window does not fit its input.
  func fit(_ input: Shape, channels: Int, what: String) throws(ShapeProblem) -> Shape {
    let size = output
    guard size.height >= 1, size.width >= 1 else {
      throw ShapeProblem(
        "its \(what) of \(kernel) (dilation \(dilation)) does not fit into its input \(input) with padding \(padding): "
          + "the output would be empty")
    }
    return Shape(channels: channels, height: size.height, width: size.width)
  }
}

/// Bounds of numbers in model files, so that a product of sizes cannot overflow.
enum Limits {
  /// Channels, features, groups.
  static let width: @Sendable (Int) -> String? = { (1...1_048_576).contains($0) ? nil : "must be from 1 to 1048576" }
}
