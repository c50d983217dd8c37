import Operators

/// Which algorithm computes a pass of a convolution: a function of the shape and the micro-batch alone, so that every rank
/// and lane computes the same bits.
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

  /// A tile costs its products and its transforms, which count like half of them, against 9 products for each output; where
  /// tiles stick out of small images they eat up what they save.
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
