/// How one pass of a convolution is computed. The planner chooses from the shape alone, so that every rank computes the
/// same bits.
package enum ConvolutionAlgorithm: Hashable, Sendable {
  /// The windows of so many output pixels of the micro-batch at a time are laid out as the rows of a matrix (im2col;
  /// Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing", 2006).
  case columns(pixels: Int)
  /// The pixels are the rows of a matrix as they lie: for 1×1 kernels.
  case pointwise
  /// The windows are the rows of a matrix as they lie in a padded copy of the input, so many rows of outputs at a time: for
  /// one group without dilation. The way to the data is one such convolution for each phase of the stride.
  case direct(rows: Int)
  /// Winograd's minimal filtering of 3×3 kernels with stride 1 over so many tiles at a time (Lavin and Gray, "Fast algorithms
  /// for convolutional neural networks", 2015).
  case winograd(WinogradVariant, tiles: Int)
  /// Sums over the taps of each window, channel by channel: for as many groups as channels on both sides.
  case depthwise

  /// Whether the way to the data can add to what its result holds.
  package var canAdd: Bool {
    switch self {
    case .columns, .pointwise: true
    case .direct, .winograd, .depthwise: false
    }
  }

  /// The word for the algorithm in tables.
  package var name: String {
    switch self {
    case .columns: "im2col"
    case .pointwise: "1×1"
    case .direct: "direct"
    case .winograd(let variant, _): "winograd \(variant)"
    case .depthwise: "depthwise"
    }
  }
}

/// The size of the tiles of Winograd's algorithm.
package enum WinogradVariant: String, Hashable, Sendable, CaseIterable {
  /// F(2×2, 3×3): 16 products in the place of 36.
  case f2
  /// F(4×4, 3×3): 36 products in the place of 144.
  case f4

  /// The side of a tile of outputs.
  package var output: Int { self == .f2 ? 2 : 4 }
  /// The products of a tile.
  package var planes: Int { (output + 2) * (output + 2) }
}

/// Whether Winograd's algorithm is used where it applies, and with which tiles.
package enum WinogradChoice: String, CaseIterable, Sendable {
  /// F(4×4, 3×3): the fastest; about twice the rounding error of the direct sum.
  case f4
  /// F(2×2, 3×3): slower, with the rounding error of the direct sum.
  case f2
  /// Never.
  case off

  /// The variant that is used; nil for none.
  package var variant: WinogradVariant? { WinogradVariant(rawValue: rawValue) }
}

/// The three passes of a convolution.
package enum ConvolutionPass: Hashable, Sendable, CaseIterable {
  /// x to y.
  case forward
  /// dy to dx.
  case backwardData
  /// x and dy to the gradient of the weights.
  case backwardWeights
}

extension ConvolutionAlgorithm {
  /// Pixels of a pointwise convolution that are worked on at a time, forward and to the data: so few that both operands and
  /// the result leave room in the second-level cache for what comes next, and whole tiles of 6 or 12 rows.
  package static let pointwisePixels = 72

  /// The numbers of scratch that a pass needs.
  package func scratchCount(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int {
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    switch self {
    case .columns where pass == .backwardWeights, .pointwise where pass == .backwardWeights:
      return WeightGradientBlocks(geometry, self).scratchCount
    case .columns(let pixels):
      return pixels * geometry.rowCount + packedWeights(pass, geometry)
    case .pointwise:
      return packedWeights(pass, geometry)
    case .depthwise:
      return geometry.weightCount
    case .direct(let rows):
      let taps = geometry.window.kernel.count
      let weights =
        pass == .backwardData ? taps * outputs * Self.padded(inputs) : taps * inputs * Self.padded(outputs)
      return Self.bandCount(pass, geometry, rows: rows) + (pass == .backwardWeights ? 0 : weights)
    case .winograd(let variant, let tiles):
      let group = pass == .backwardWeights ? outputs : Self.winogradGroup(pass, geometry)
      let source = pass == .backwardData ? outputs : inputs
      return variant.planes * (tiles * source + tiles * group + source * group + 48)
    }
  }

  /// The numbers of a padded band of the input (of dy, on the way to the data) under so many rows of outputs, with room
  /// for two registers behind it.
  package static func bandCount(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, rows: Int) -> Int {
    let window = geometry.window
    guard pass == .backwardData else {
      let height = (rows - 1) * window.stride.height + window.kernel.height
      let width = (window.output.width - 1) * window.stride.width + window.kernel.width
      return height * width * geometry.inputChannels + 32
    }
    // No phase has more than these positions and taps.
    let height = rows - 1 + (window.kernel.height + window.stride.height - 1) / window.stride.height
    let width =
      (window.input.width - 1) / window.stride.width + (window.kernel.width + window.stride.width - 1)
      / window.stride.width
    return height * width * geometry.outputChannels + 32
  }

  /// The numbers of the packed weights of a group.
  private func packedWeights(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int {
    let outputs = geometry.outputChannels / geometry.groups
    return pass == .backwardData
      ? outputs * Self.padded(geometry.rowCount) : geometry.rowCount * Self.padded(outputs)
  }

  /// A number of columns rounded up to what the packing fills.
  static func padded(_ columns: Int) -> Int { (columns + 15) / 16 * 16 }

  /// The channels of the result that Winograd's filters are held for at a time: all of them where they are fewer
  /// than 36 · 2^16 numbers, else those of 64 channels, which stay in the last-level cache.
  package static func winogradGroup(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int {
    let results = pass == .backwardData ? geometry.inputChannels : geometry.outputChannels
    return geometry.inputChannels * geometry.outputChannels < 1 << 16 || results % 64 != 0 ? results : 64
  }
}
