/// How the gradient of a convolution's weights is cut into products of matrices: blocks of output pixels, for each of them
/// slices of the windows' columns and parts of the output channels.
package struct WeightGradientBlocks: Hashable, Sendable {
  /// Output pixels whose products are summed before they go to memory: few, so that a block of both operands stays in the
  /// caches.
  package static let usualPixels = 128

  /// Output pixels of a block.
  package let pixels: Int
  /// Slices of the windows' columns: one for each tap, or all taps in one where a tap has too few channels to fill the
  /// registers.
  package let slices: Int
  /// The columns of a slice.
  package let columns: Int
  /// The output channels of a group.
  package let outputs: Int
  /// Whether the columns are gathered first; a pointwise convolution's lie ready in the input.
  package let gathers: Bool

  /// The blocks of an algorithm that multiplies matrices: columns of windows, or pixels as they lie.
  package init(_ geometry: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm) {
    let inputs = geometry.inputChannels / geometry.groups
    (pixels, gathers) = if case .columns(let pixels) = algorithm { (pixels, true) } else { (Self.usualPixels, false) }
    slices = inputs >= 16 ? geometry.window.kernel.count : 1
    columns = geometry.rowCount / slices
    outputs = geometry.outputChannels / geometry.groups
  }

  /// Numbers of a block's columns before they are packed.
  package var gatheredCount: Int { gathers ? pixels * columns : 0 }
  /// Numbers of a block's packed columns.
  package var packedCount: Int { pixels * ConvolutionAlgorithm.padded(columns) }
  /// Numbers of scratch that a block needs.
  package var scratchCount: Int {
    gatheredCount + packedCount + (0..<parts).reduce(0) { max($0, offset($1) + pixels * step($1)) }
  }

  /// The gradient is copied a part of its channels at a time, with a gap behind each pixel: rows of dy are often a power of two
  /// apart, so that a column of it would fall on few lines of the cache.
  private static let gap = 16
  private static let partChannels = 256

  /// The number of parts of the output channels.
  package var parts: Int { (outputs + Self.partChannels - 1) / Self.partChannels }

  /// The output channels of a part, counted from the group's first.
  package func part(_ index: Int) -> Range<Int> {
    index * Self.partChannels..<min((index + 1) * Self.partChannels, outputs)
  }

  /// The numbers from one pixel of a part's copy to the next.
  package func step(_ index: Int) -> Int { part(index).count + Self.gap }

  /// Where the copy of a part begins. With one slice no part is needed twice, and all lie in the same, near memory.
  package func offset(_ index: Int) -> Int { slices == 1 ? 0 : pixels * index * (Self.partChannels + Self.gap) }
}
