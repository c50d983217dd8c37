package import Network

/// Every algorithm that can compute a pass of a convolution: what the planner's choice is measured against.
package enum ConvolutionCandidates {
  /// The algorithm that the planner chooses, then all others that apply to the shape, fast or not.
  package static func algorithms(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int
  ) -> [ConvolutionAlgorithm] {
    let chosen = ConvolutionChoice.algorithm(pass, geometry, batch: batch, usesWinograd: true)
    let others = [
      pointwise(geometry), depthwise(geometry), winograd(pass, geometry, batch: batch), direct(pass, geometry),
      .columns(pixels: min(batch * geometry.output.positions, max(64, blockNumbers / geometry.rowCount))),
    ]
    return [chosen] + others.compactMap(\.self).filter { $0.name != chosen.name }
  }

  /// Numbers of a block of windows, or of a band of inputs: 256 KiB, which stays in the second-level cache.
  private static let blockNumbers = 1 << 16

  private static func pointwise(_ geometry: ConvolutionGeometry) -> ConvolutionAlgorithm? {
    geometry.isPointwise ? .pointwise : nil
  }

  private static func depthwise(_ geometry: ConvolutionGeometry) -> ConvolutionAlgorithm? {
    geometry.isDepthwise ? .depthwise : nil
  }

  /// Winograd's algorithm, however much of its tiles sticks out.
  private static func winograd(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int
  ) -> ConvolutionAlgorithm? {
    let (window, padding) = (geometry.window, geometry.window.padding)
    guard window.kernel == Extent(3), window.stride == Extent(1), window.dilation == Extent(1), geometry.groups == 1,
      max(padding.top, padding.left, padding.bottom, padding.right) <= 2, geometry.inputChannels % 16 == 0,
      geometry.outputChannels % 16 == 0
    else { return nil }
    let size = pass == .backwardData ? window.input : window.output
    return .winograd(tiles: min(56, batch * ((size.height + 3) / 4) * ((size.width + 3) / 4)))
  }

  /// The direct sum, however short the rows of outputs.
  private static func direct(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> ConvolutionAlgorithm? {
    let (window, padding) = (geometry.window, geometry.window.padding)
    guard geometry.groups == 1, window.dilation == Extent(1) else { return nil }
    let fits =
      window.stride == Extent(1) && max(padding.top, padding.bottom) < window.kernel.height
      && max(padding.left, padding.right) < window.kernel.width
    return pass != .backwardData || fits ? .direct(rows: bandRows(pass, geometry)) : nil
  }

  /// As many rows of outputs as the band of inputs under them fills a block.
  private static func bandRows(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int {
    let size = pass == .backwardData ? geometry.window.input : geometry.window.output
    let one = ConvolutionAlgorithm.bandCount(pass, geometry, rows: 1)
    let next = max(1, ConvolutionAlgorithm.bandCount(pass, geometry, rows: 2) - one)
    return min(size.height, 1 + max(0, blockNumbers - one) / next)
  }
}
