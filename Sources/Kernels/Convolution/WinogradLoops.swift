internal import CKernels
internal import Network

extension ck_winograd {
  /// The way from x to y, or with `backward` from dy to dx.
  init(_ g: ConvolutionGeometry, tiles: Int, batch: Int, backward: Bool) {
    let window = g.window
    precondition(
      window.kernel == Extent(3) && window.stride == Extent(1) && window.dilation == Extent(1) && g.groups == 1
        && g.inputChannels % 16 == 0 && g.outputChannels % 16 == 0 && tiles > 0,
      "Winograd's algorithm does not fit \(g)")
    precondition(
      max(window.padding.top, window.padding.left, window.padding.bottom, window.padding.right) <= 2,
      "Winograd's algorithm does not fit a padding of \(window.padding)")
    let (from, to) = backward ? (window.output, window.input) : (window.input, window.output)
    self.init(
      input_height: from.height, input_width: from.width, output_height: to.height, output_width: to.width,
      pad_top: backward ? 2 - window.padding.top : window.padding.top,
      pad_left: backward ? 2 - window.padding.left : window.padding.left,
      inputs: backward ? g.outputChannels : g.inputChannels,
      outputs: backward ? g.inputChannels : g.outputChannels, batch: batch, tiles: tiles)
  }
}
