/// How the gradient of a convolution's weights is cut into products of matrices: blocks of output pixels, and for each of them
/// slices of the windows' columns.
package struct WeightGradientBlocks: Hashable, Sendable {
  /// Output pixels whose products are summed before they go to memory: few, so that a block of both operands stays in the
  /// caches.
  package static let usualPixels = 128

  /// Output pixels of a block.
  package let pixels: Int
  /// Slices of the windows' columns: one for each row of the kernel, or all rows in one where there are few channels. All at
  /// once would fill the caches, and for each slice the block of dy is copied.
  package let slices: Int
  /// The columns of a slice.
  package let columns: Int
  /// The output channels of a group.
  package let outputs: Int
  /// Whether the columns are gathered; a pointwise convolution's lie ready in the input.
  package let gathers: Bool

  /// The blocks of an algorithm that multiplies matrices: columns of windows, or pixels as they lie.
  package init(_ geometry: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm) {
    let inputs = geometry.inputChannels / geometry.groups
    (pixels, gathers) = if case .columns(let pixels) = algorithm { (pixels, true) } else { (Self.usualPixels, false) }
    slices = inputs >= 16 ? geometry.window.kernel.height : 1
    columns = geometry.rowCount / slices
    outputs = geometry.outputChannels / geometry.groups
  }

  /// Numbers of scratch that a block needs: its packed columns.
  package var scratchCount: Int { pixels * ConvolutionAlgorithm.padded(columns) }
}
