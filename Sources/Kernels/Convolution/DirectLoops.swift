internal import CKernels
internal import Network

/// A convolution over bands of a padded copy of its input. On the way to the data it is the same with dy for x, and the
/// weights turned round.
struct DirectLoops {
  private let direct: ck_direct
  private let g: ConvolutionGeometry
  private let band: Int

  /// The loops of one pass.
  init(_ pass: ConvolutionPass, _ g: ConvolutionGeometry, rows: Int, batch: Int) {
    precondition(g.groups == 1 && g.window.dilation == Extent(1) && rows > 0, "direct convolution does not fit \(g)")
    let backward = pass == .backwardData
    let (window, padding) = (g.window, g.window.padding)
    let limit = (height: window.kernel.height - 1, width: window.kernel.width - 1)
    precondition(
      !backward
        || window.stride == Extent(1) && max(padding.top, padding.bottom) <= limit.height
          && max(padding.left, padding.right) <= limit.width,
      "direct convolution does not fit \(g) backward")
    let (from, to) = backward ? (window.output, window.input) : (window.input, window.output)
    self.g = g
    band = ConvolutionAlgorithm.bandCount(pass, g, rows: rows)
    direct = ck_direct(
      input_height: from.height, input_width: from.width, output_height: to.height, output_width: to.width,
      kernel_height: window.kernel.height, kernel_width: window.kernel.width, stride_height: window.stride.height,
      stride_width: window.stride.width, pad_top: backward ? limit.height - padding.top : padding.top,
      pad_left: backward ? limit.width - padding.left : padding.left,
      inputs: backward ? g.outputChannels : g.inputChannels, outputs: backward ? g.inputChannels : g.outputChannels,
      batch: batch, rows: rows)
  }

  /// y = x ∗ weights + bias; on the way to the data dx out of dy.
  func convolve(
    _ x: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, backward: Bool,
    into y: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = unsafe scratch + band
    unsafe ck_loops().pointee.direct_pack(
      g.inputChannels, g.outputChannels, g.window.kernel.count, backward ? 1 : 0, weights, packed)
    unsafe withUnsafePointer(to: direct) { direct in
      unsafe ck_loops().pointee.direct_forward(direct, x, packed, bias, y, scratch)
    }
  }

  /// dWeights = the gradient of the weights.
  func backwardWeights(
    x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dWeights: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafePointer(to: direct) { direct in
      unsafe ck_loops().pointee.direct_backward_weights(direct, x, dy, dWeights, scratch)
    }
  }
}
