/// Two numbers that belong to the vertical and the horizontal axis.
package struct Extent: Hashable, Sendable, CustomStringConvertible {
  /// The number for the vertical axis (rows).
  package var height: Int
  /// The number for the horizontal axis (columns).
  package var width: Int

  /// An extent with its own number for each axis.
  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// The same number for both axes.
  package init(_ both: Int) { self.init(height: both, width: both) }

  /// The number of positions: height · width.
  package var count: Int { height * width }

  package var description: String { height == width ? "\(height)" : "\(height)×\(width)" }

  /// The positions from the first to the last tap of a kernel of this size whose taps are `dilation` apart.
  package func dilated(by dilation: Extent) -> Extent {
    Extent(height: dilation.height * (height - 1) + 1, width: dilation.width * (width - 1) + 1)
  }
}

/// Rows and columns of zeros laid round an image.
package struct Padding: Hashable, Sendable, CustomStringConvertible {
  /// Rows above the image.
  package var top: Int
  /// Columns before the image.
  package var left: Int
  /// Rows below the image.
  package var bottom: Int
  /// Columns behind the image.
  package var right: Int

  /// Padding with its own number for each side.
  package init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  /// The same padding on opposite sides.
  package init(_ extent: Extent) {
    self.init(top: extent.height, left: extent.width, bottom: extent.height, right: extent.width)
  }

  /// No padding.
  package static let none = Padding(Extent(0))

  package var description: String {
    if top == bottom, left == right { return Extent(height: top, width: left).description }
    return "\(top),\(left),\(bottom),\(right)"
  }
}

/// The geometry of a sliding window: how it turns an input of `input` positions into an output of `output` positions.
///
/// Along each axis output = ⌊(M + p − d(K − 1) − 1)/s⌋ + 1 for input size M, total padding p, kernel size K, stride s
/// and dilation d (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 15).
package struct Window: Hashable, Sendable {
  /// The size of the input, without padding.
  package var input: Extent
  /// The taps along each axis.
  package var kernel: Extent
  /// Positions from one window to the next.
  package var stride: Extent
  /// Zeros laid round the input.
  package var padding: Padding
  /// Positions from one tap to the next.
  package var dilation: Extent

  /// A window over an input of the given size.
  package init(
    input: Extent, kernel: Extent, stride: Extent = Extent(1), padding: Padding = .none, dilation: Extent = Extent(1)
  ) {
    self.input = input
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  /// The output's size; below 1 in an axis where the dilated kernel does not fit into the padded input.
  package var output: Extent {
    Extent(
      height: Self.size(
        input.height, padding.top + padding.bottom, kernel.height, stride.height, dilation.height),
      width: Self.size(input.width, padding.left + padding.right, kernel.width, stride.width, dilation.width))
  }

  /// The window with so much padding below and on the right that its output is
  /// ⌈(M + p − d(K − 1) − 1)/s⌉ + 1 along each axis, as far as the last window starts on the input or on the padding in
  /// front of it: PyTorch's `ceil_mode`.
  package var roundedUp: Window {
    var window = self
    window.padding.bottom += Self.excess(
      input.height, padding.top, padding.bottom, kernel.height, stride.height, dilation.height)
    window.padding.right += Self.excess(
      input.width, padding.left, padding.right, kernel.width, stride.width, dilation.width)
    return window
  }

  /// The positions that a last, partly empty window reaches beyond the padding; 0 if no such window starts early enough.
  private static func excess(
    _ input: Int, _ before: Int, _ after: Int, _ kernel: Int, _ stride: Int, _ dilation: Int
  ) -> Int {
    let room = input + before + after - dilation * (kernel - 1) - 1
    let last = max(0, (room + stride - 1)) / stride
    guard room > -stride, room % stride != 0, last * stride < input + before else { return 0 }
    return last * stride - room
  }

  private static func size(_ input: Int, _ padding: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
    let room = input + padding - dilation * (kernel - 1) - 1
    return room < 0 ? 0 : room / stride + 1
  }

  /// Whether at least one tap falls on the input at every output position. Without dilation padding of at most half
  /// the kernel is enough for that.
  package var alwaysMeetsInput: Bool {
    Self.meets(input.height, output.height, padding.top, kernel.height, stride.height, dilation.height)
      && Self.meets(input.width, output.width, padding.left, kernel.width, stride.width, dilation.width)
  }

  private static func meets(
    _ input: Int, _ output: Int, _ padding: Int, _ kernel: Int, _ stride: Int, _ dilation: Int
  ) -> Bool {
    (0..<output).allSatisfy { place in
      let start = place * stride - padding
      let skipped = start < 0 ? (dilation - 1 - start) / dilation : 0
      return skipped < kernel && start + skipped * dilation < input
    }
  }
}

/// The geometry of a convolution: its window, the channels on both sides, and the number of groups.
///
/// Weights are rows of [output channel][kernel row][kernel column][input channel of the group].
package struct ConvolutionGeometry: Hashable, Sendable {
  /// How the kernel slides over the input.
  package var window: Window
  /// Channels of the input, over all groups.
  package var inputChannels: Int
  /// Channels of the output, over all groups.
  package var outputChannels: Int
  /// Groups of channels that do not see each other.
  package var groups: Int

  /// A convolution; `groups` divides both numbers of channels.
  package init(window: Window, inputChannels: Int, outputChannels: Int, groups: Int = 1) {
    self.window = window
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.groups = groups
  }

  /// The shape of one input sample.
  package var input: Shape {
    Shape(channels: inputChannels, height: window.input.height, width: window.input.width)
  }

  /// The shape of one output sample.
  package var output: Shape {
    Shape(channels: outputChannels, height: window.output.height, width: window.output.width)
  }

  /// The length of one output channel's row of weights: kernel positions · input channels of a group.
  package var rowCount: Int { window.kernel.count * (inputChannels / groups) }

  /// The number of weights.
  package var weightCount: Int { outputChannels * rowCount }

  /// Whether the layer multiplies each pixel alone by a matrix: a 1×1 window with stride 1, no padding and one group.
  package var isPointwise: Bool {
    window.kernel == Extent(1) && window.stride == Extent(1) && window.padding == .none && groups == 1
  }

  /// Whether each channel is filtered alone.
  package var isDepthwise: Bool { groups == inputChannels && groups == outputChannels && groups > 1 }

  /// Multiply-add pairs for one sample, padding counted as if it were data.
  package var multiplyAdds: Int { output.count * rowCount }
}
