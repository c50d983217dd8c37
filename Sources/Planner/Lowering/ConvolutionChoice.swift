import Network

/// Which algorithm computes a pass of a convolution: a function of the shape and the micro-batch alone.
enum ConvolutionChoice {
  /// The algorithm with the smallest estimated time.
  static func algorithm(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int, winograd: WinogradChoice
  ) -> ConvolutionAlgorithm {
    if geometry.isPointwise { return .pointwise }
    if geometry.isDepthwise { return .depthwise }
    if let variant = winograd.variant, let tiles = winogradTiles(variant, pass, geometry, batch: batch) {
      return .winograd(variant, tiles: tiles)
    }
    if let rows = directRows(pass, geometry) { return .direct(rows: rows) }
    return .columns(pixels: columnPixels(pass, geometry, batch: batch))
  }

  /// Rows of results at a time; nil where the algorithm does not apply, or where rows are so short that the products of one
  /// do not fill the registers.
  private static func directRows(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int? {
    let (window, output) = (geometry.window, geometry.window.output)
    guard geometry.isDirect else { return nil }
    let band = bandRows(pass, geometry)
    switch pass {
    case .forward:
      return output.width >= shortestRow ? min(output.height, band) : nil
    case .backwardData:
      let phase = StridePhase(window, 0).size
      return geometry.isDirectBackward && window.input.width / window.stride.width >= shortestRow
        ? min(phase.height, band) : nil
    case .backwardWeights:
      // Windows `stride` pixels apart are read as they lie; far apart, they fall on few lines of the cache, and packed
      // columns are faster.
      let isNear = geometry.inputChannels * window.stride.width <= 32
      return isNear ? min(output.height, band, max(1, WeightGradientBlocks.usualPixels / output.width)) : nil
    }
  }

  /// The shortest row of results whose products fill the registers.
  private static let shortestRow = 7

  /// As many rows as a band of `blockNumbers` lies under.
  private static func bandRows(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int {
    let one = ConvolutionAlgorithm.bandCount(pass, geometry, rows: 1)
    let next = max(1, ConvolutionAlgorithm.bandCount(pass, geometry, rows: 2) - one)
    return 1 + max(0, blockNumbers - one) / next
  }

  /// Numbers of a block of columns: 256 KiB, which stays in the second-level cache between its making and its
  /// use.
  private static let blockNumbers = 1 << 16

  private static func columnPixels(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int) -> Int {
    if pass == .backwardWeights { return min(batch * geometry.output.positions, WeightGradientBlocks.usualPixels) }
    return min(batch * geometry.output.positions, max(64, blockNumbers / geometry.rowCount))
  }

  /// Tiles at a time; nil where the algorithm does not apply or where tiles that stick out eat up what it saves.
  private static func winogradTiles(
    _ variant: WinogradVariant, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int
  ) -> Int? {
    let window = geometry.window
    let padding = [window.padding.top, window.padding.left, window.padding.bottom, window.padding.right]
    guard window.kernel == Extent(3), window.stride == Extent(1), window.dilation == Extent(1), geometry.groups == 1,
      padding.allSatisfy({ $0 <= 2 }), geometry.inputChannels % 16 == 0, geometry.outputChannels % 16 == 0
    else { return nil }
    let size = pass == .backwardData ? window.input : window.output
    let side = variant.output
    let tiles = batch * ((size.height + side - 1) / side) * ((size.width + side - 1) / side)
    // A tile costs its products and its transforms, which count like half of them, against 9 products for each output.
    guard variant.planes * 3 / 2 * tiles < 9 * batch * size.count else { return nil }
    let channels = geometry.inputChannels * geometry.outputChannels
    let most = (channels > 1 << 16 ? 224 : channels <= 1 << 8 ? 112 : 64) * 36 / variant.planes
    let blocks = (tiles + most - 1) / most
    return (tiles + blocks - 1) / blocks
  }
}
