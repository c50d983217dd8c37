internal import CKernels
import Operators

/// A depthwise convolution, channel by channel. The filters are turned from [channel][tap] to [tap][channel], so that
/// vectors run over the channels.
struct DepthwiseLoops {
  private let window: ck_window
  private let channels: Int
  private let taps: Int
  private let batch: Int

  /// The loops of one micro-batch.
  init(_ g: ConvolutionGeometry, batch: Int) {
    precondition(g.isDepthwise, "\(g) is not depthwise")
    precondition(g.window.input.count < 1 << 31, "a plane of \(g.window.input) is beyond 32-bit indices")
    window = ck_window(g.window)
    channels = g.inputChannels
    taps = g.window.kernel.count
    self.batch = batch
  }

  /// y = x ∗ weights + bias.
  func forward(
    x: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    y: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe ck_loops().pointee.transpose(channels, taps, weights, scratch)
    unsafe withUnsafePointer(to: window) { window in
      unsafe ck_loops().pointee.depthwise_forward(window, channels, batch, x, scratch, bias, y)
    }
  }

  /// dx = the gradient of the input.
  func backwardData(
    dy: UnsafePointer<Float>, weights: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe ck_loops().pointee.transpose(channels, taps, weights, scratch)
    unsafe withUnsafePointer(to: window) { window in
      unsafe ck_loops().pointee.depthwise_backward_data(window, channels, batch, dy, scratch, dx)
    }
  }

  /// dWeights = the gradient of the filters.
  func backwardWeights(
    x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dWeights: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafePointer(to: window) { window in
      unsafe ck_loops().pointee.depthwise_backward_weights(window, channels, batch, x, dy, scratch)
    }
    unsafe ck_loops().pointee.transpose(taps, channels, scratch, dWeights)
  }
}
