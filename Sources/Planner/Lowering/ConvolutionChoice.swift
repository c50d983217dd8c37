package import Operators

/// Which algorithm computes a pass of a convolution: a function of the shape and the micro-batch alone, so that every
/// rank and lane computes the same bits.
enum ConvolutionChoice {
  /// The algorithm that is fastest by the rules below.
  static func algorithm(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int, winograd: WinogradChoice
  ) -> ConvolutionAlgorithm {
    if let pointwise = ConvolutionCandidates.pointwise(geometry) { return pointwise }
    if let depthwise = ConvolutionCandidates.depthwise(geometry) { return depthwise }
    if let variant = winograd.variant, winogradPays(variant, pass, geometry),
      let winograd = ConvolutionCandidates.winograd(variant, pass, geometry, batch: batch)
    {
      return winograd
    }
    if directPays(pass, geometry), let direct = ConvolutionCandidates.direct(pass, geometry) { return direct }
    return ConvolutionCandidates.columns(pass, geometry, batch: batch)
  }

  /// A tile costs its products and its transforms, which count like half of them, against 9 products for each output;
  /// where tiles stick out of small images they eat up what they save.
  private static func winogradPays(
    _ variant: WinogradVariant, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry
  ) -> Bool {
    let size = pass == .backwardData ? geometry.window.input : geometry.window.output
    return variant.planes * 3 / 2 * ConvolutionCandidates.tiles(variant, pass, geometry) < 9 * size.count
  }

  private static func directPays(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Bool {
    let window = geometry.window
    // Windows of one pixel do not overlap: with channels enough to copy in long runs, columns cost less than a band.
    let overlaps = window.kernel.count > 1 || geometry.inputChannels < 64
    switch pass {
    // Shorter rows do not fill the registers.
    case .forward: return overlaps && window.output.width >= 8
    case .backwardData: return overlaps && window.input.width / window.stride.width >= 8
    // The windows are read as they lie; far apart they fall on few lines of the cache, and packed columns are faster.
    case .backwardWeights: return geometry.inputChannels * window.stride.width <= 64
    }
  }
}

/// The algorithms that can compute a pass of a convolution, each with the sizes of its blocks: functions of the shape
/// and the micro-batch alone. Whether they are fast is `ConvolutionChoice`'s to say.
package enum ConvolutionCandidates {
  /// The algorithm that the planner chooses, then all others that apply to the shape, fast or not.
  package static func algorithms(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int
  ) -> [ConvolutionAlgorithm] {
    let chosen = ConvolutionChoice.algorithm(pass, geometry, batch: batch, winograd: .f4)
    let others = [
      pointwise(geometry), depthwise(geometry), winograd(.f4, pass, geometry, batch: batch),
      winograd(.f2, pass, geometry, batch: batch), direct(pass, geometry), columns(pass, geometry, batch: batch),
    ]
    return [chosen] + others.compactMap(\.self).filter { $0.name != chosen.name }
  }

  /// Pixels as rows as they lie.
  static func pointwise(_ geometry: ConvolutionGeometry) -> ConvolutionAlgorithm? {
    geometry.isPointwise ? .pointwise : nil
  }

  /// Channel by channel.
  static func depthwise(_ geometry: ConvolutionGeometry) -> ConvolutionAlgorithm? {
    geometry.isDepthwise ? .depthwise : nil
  }

  /// Winograd's algorithm, with blocks of tiles of nearly equal size.
  static func winograd(
    _ variant: WinogradVariant, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int
  ) -> ConvolutionAlgorithm? {
    let (window, padding) = (geometry.window, geometry.window.padding)
    guard window.kernel == Extent(3), window.stride == Extent(1), geometry.isDirect,
      max(padding.top, padding.left, padding.bottom, padding.right) <= 2, geometry.inputChannels % 16 == 0,
      geometry.outputChannels % 16 == 0
    else { return nil }
    let tiles = batch * self.tiles(variant, pass, geometry)
    let channels = geometry.inputChannels * geometry.outputChannels
    // With many channels the filters are read anew for each block, so that it should be large; with few they stay in
    // the caches.
    let most = (channels >= 1 << 16 ? 224 : channels <= 1 << 8 ? 112 : 64) * 36 / variant.planes
    let blocks = (tiles + most - 1) / most
    return .winograd(variant, tiles: (tiles + blocks - 1) / blocks)
  }

  /// The tiles of a sample.
  static func tiles(_ variant: WinogradVariant, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int {
    let size = pass == .backwardData ? geometry.window.input : geometry.window.output
    let side = variant.output
    return ((size.height + side - 1) / side) * ((size.width + side - 1) / side)
  }

  /// Bands of a padded copy of the input, for as many rows of results as fit into `blockElements`. To the weights few
  /// rows, so that those of dy stay in the caches.
  static func direct(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> ConvolutionAlgorithm? {
    let output = geometry.window.output
    guard pass == .backwardData ? geometry.isDirectBackward : geometry.isDirect else { return nil }
    let one = ConvolutionAlgorithm.bandCount(pass, geometry, rows: 1)
    let next = max(1, ConvolutionAlgorithm.bandCount(pass, geometry, rows: 2) - one)
    let band = 1 + max(0, blockElements - one) / next
    switch pass {
    case .forward: return .direct(rows: min(output.height, band))
    case .backwardData: return .direct(rows: min(StridePhase(geometry.window, 0).size.height, band))
    case .backwardWeights:
      return .direct(rows: min(output.height, band, max(1, WeightGradientBlocks.usualPixels / output.width)))
    }
  }

  /// Columns of the windows.
  static func columns(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int) -> ConvolutionAlgorithm {
    let pixels =
      pass == .backwardWeights ? WeightGradientBlocks.usualPixels : max(64, blockElements / geometry.rowCount)
    return .columns(pixels: min(batch * geometry.output.positions, pixels))
  }

  /// Elements of a block of windows, or of a band of inputs: 256 KiB, which stays in the second-level cache between its
  /// making and its use.
  private static let blockElements = 1 << 16
}
