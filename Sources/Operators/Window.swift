/// Rows and columns of zeros laid round an image.
package struct Padding: Hashable, Sendable, CustomStringConvertible {
  /// Rows above the image.
  package var top: Int
  /// Columns before the image.
  package var left: Int
  /// Rows below the image.
  package var bottom: Int
  /// Columns after the image.
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

  /// The positions that a last, partly empty window reaches beyond the padding; 0 if no such window starts early
  /// enough.
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
    (0..<output).allSatisfy { position in
      let start = position * stride - padding
      let skipped = start < 0 ? (dilation - 1 - start) / dilation : 0
      return skipped < kernel && start + skipped * dilation < input
    }
  }
}

extension Window {
  /// The window along the vertical axis.
  package var rows: AxisMap.Axis {
    AxisMap.Axis(
      input: input.height, output: output.height, kernel: kernel.height, stride: stride.height, padding: padding.top)
  }

  /// The window along the horizontal axis.
  package var columns: AxisMap.Axis {
    AxisMap.Axis(
      input: input.width, output: output.width, kernel: kernel.width, stride: stride.width, padding: padding.left)
  }
}
