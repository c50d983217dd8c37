/// How one pass of a convolution is computed. The planner chooses from the shape alone, so that every rank computes the
/// same bits.
package enum ConvolutionAlgorithm: Hashable, Sendable {
  /// The windows of so many output pixels of the micro-batch at a time are laid out as the rows of a matrix (im2col;
  /// Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing", 2006).
  case columns(pixels: Int)
  /// The pixels are the rows of a matrix as they lie: for 1×1 kernels.
  case pointwise
  /// The windows are the rows of a matrix as they lie in a padded copy of the input, so many rows of outputs at a time:
  /// for one group without dilation. The input gradient is one such convolution for each phase of the stride.
  case direct(rows: Int)
  /// Winograd's minimal filtering of 3×3 kernels with stride 1 over so many tiles at a time (Lavin and Gray, "Fast
  /// algorithms for convolutional neural networks", 2015).
  case winograd(WinogradVariant, tiles: Int)
  /// Sums over the taps of each window, channel by channel: for as many groups as channels on both sides.
  case depthwise

  /// Whether the input gradient can be added to what its result holds.
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
  /// F(2×2, 3×3): 16 products instead of 36.
  case f2
  /// F(4×4, 3×3): 36 products instead of 144.
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
  /// x and dy to the weight gradient.
  case backwardWeights
}
