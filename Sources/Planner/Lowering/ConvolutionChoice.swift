import Network

/// Which algorithm computes a pass of a convolution: a function of the shape and the micro-batch alone.
enum ConvolutionChoice {
  /// The algorithm with the smallest estimated time.
  static func algorithm(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int, usesWinograd: Bool
  ) -> ConvolutionAlgorithm {
    if geometry.isPointwise { return .pointwise }
    if geometry.isDepthwise { return .depthwise }
    if usesWinograd, let tiles = winogradTiles(pass, geometry, batch: batch) { return .winograd(tiles: tiles) }
    if let rows = directRows(pass, geometry) { return .direct(rows: rows) }
    return .columns(pixels: columnPixels(geometry, batch: batch))
  }

  /// Rows of outputs at a time; nil where the algorithm does not apply, or where rows are so short that the products of
  /// one do not fill the registers.
  private static func directRows(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int? {
    let window = geometry.window
    guard geometry.groups == 1, window.dilation == Extent(1) else { return nil }
    let size = pass == .backwardData ? window.input : window.output
    if pass == .backwardData {
      let padding = window.padding
      let fits =
        max(padding.top, padding.bottom) < window.kernel.height
        && max(padding.left, padding.right) < window.kernel.width
      guard window.stride == Extent(1), fits else { return nil }
    }
    // The gradient of the weights reads windows `stride` pixels apart as they lie; far apart, they fall on few lines of the
    // cache, and packed columns are faster.
    let distance = geometry.inputChannels * window.stride.width
    guard pass == .backwardWeights ? distance <= 32 : size.width >= 8 else { return nil }
    let one = ConvolutionAlgorithm.bandCount(pass, geometry, rows: 1)
    let next = max(1, ConvolutionAlgorithm.bandCount(pass, geometry, rows: 2) - one)
    return min(size.height, 1 + max(0, blockNumbers - one) / next)
  }

  /// Numbers of a block of columns: 256 KiB, which stays in the second-level cache between its making and its
  /// use.
  private static let blockNumbers = 1 << 16

  private static func columnPixels(_ geometry: ConvolutionGeometry, batch: Int) -> Int {
    min(batch * geometry.output.positions, max(64, blockNumbers / geometry.rowCount))
  }

  /// Tiles at a time; nil where the algorithm does not apply or where tiles that stick out eat up what it saves.
  private static func winogradTiles(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int) -> Int? {
    let window = geometry.window
    let padding = [window.padding.top, window.padding.left, window.padding.bottom, window.padding.right]
    guard window.kernel == Extent(3), window.stride == Extent(1), window.dilation == Extent(1), geometry.groups == 1,
      padding.allSatisfy({ $0 <= 2 }), geometry.inputChannels % 16 == 0, geometry.outputChannels % 16 == 0
    else { return nil }
    let size = pass == .backwardData ? window.input : window.output
    let tiles = batch * ((size.height + 3) / 4) * ((size.width + 3) / 4)
    // A tile costs 36 products and its transforms, which count like half of them, against 9 for each output.
    guard 36 * 3 / 2 * tiles < 9 * batch * size.count else { return nil }
    let channels = geometry.inputChannels * geometry.outputChannels
    return min(tiles, channels > 1 << 16 ? 224 : channels <= 1 << 8 ? 112 : 56)
  }
}
