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

/// Fixed filters laid over each channel alone: y[c·F + f, i, j] = Σ filter_f[u, v] · x[c, i·s + u·d − p, j·s + v·d −
/// p].
package struct FilterGeometry: Hashable, Sendable {
  /// How the filters slide over the input.
  package var window: Window
  /// Channels of the input.
  package var channels: Int
  /// The filters one after the other, each [kernel row][kernel column].
  package var filters: [Float]

  /// `filters` over `channels` channels.
  package init(window: Window, channels: Int, filters: [Float]) {
    self.window = window
    self.channels = channels
    self.filters = filters
  }

  /// The number of filters.
  package var count: Int { filters.count / window.kernel.count }

  /// The shape of one output sample.
  package var output: Shape {
    Shape(channels: channels * count, height: window.output.height, width: window.output.width)
  }
}
