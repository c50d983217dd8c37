internal import CKernels
import Operators

/// Winograd's algorithm for the three passes of a convolution.
struct WinogradLoops {
  private let g: ConvolutionGeometry
  private let variant: WinogradVariant
  private let tiles: Int
  private let batch: Int

  /// The loops of one micro-batch, so many tiles at a time.
  init(_ g: ConvolutionGeometry, _ variant: WinogradVariant, tiles: Int, batch: Int) {
    let (window, padding) = (g.window, g.window.padding)
    precondition(
      window.kernel == Extent(3) && window.stride == Extent(1) && window.dilation == Extent(1) && g.groups == 1
        && g.inputChannels % 16 == 0 && g.outputChannels % 16 == 0 && tiles > 0,
      "Winograd's algorithm does not fit \(g)")
    precondition(
      max(padding.top, padding.left, padding.bottom, padding.right) <= 2,
      "Winograd's algorithm does not fit a padding of \(padding)")
    self.g = g
    self.variant = variant
    self.tiles = tiles
    self.batch = batch
  }

  /// y = x ∗ weights + bias.
  func forward(
    x: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafePointer(to: loops(.forward)) { w in
      unsafe ck_loops().pointee.winograd_convolve(w, 0, x, weights, bias, y, scratch)
    }
  }

  /// dx = the gradient of the input.
  func backwardData(
    dy: UnsafePointer<Float>, weights: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafePointer(to: loops(.backwardData)) { w in
      unsafe ck_loops().pointee.winograd_convolve(w, 1, dy, weights, nil, dx, scratch)
    }
  }

  /// dWeights = the gradient of the weights.
  func backwardWeights(
    x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dWeights: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafePointer(to: loops(.backwardWeights)) { w in
      unsafe ck_loops().pointee.winograd_backward_weights(w, x, dy, dWeights, scratch)
    }
  }

  /// What goes in and comes out: x and y, or for the input gradient dy and dx.
  private func loops(_ pass: ConvolutionPass) -> ck_winograd {
    let window = g.window
    let backward = pass == .backwardData
    let (from, to) = backward ? (window.output, window.input) : (window.input, window.output)
    return ck_winograd(
      input_height: from.height, input_width: from.width, output_height: to.height, output_width: to.width,
      pad_top: backward ? 2 - window.padding.top : window.padding.top,
      pad_left: backward ? 2 - window.padding.left : window.padding.left,
      inputs: backward ? g.outputChannels : g.inputChannels,
      outputs: backward ? g.inputChannels : g.outputChannels, batch: batch, tile: variant.output, tiles: tiles,
      group: ConvolutionAlgorithm.winogradGroup(pass, g))
  }
}
