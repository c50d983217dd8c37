/// What the algorithms need of memory, and the sizes of their blocks, which are chosen for the caches of common CPUs.
extension ConvolutionAlgorithm {
  /// Pixels of a pointwise convolution that are worked on at a time, forward and for the input gradient: so few that
  /// both operands and the result leave room in the second-level cache for what comes next, and whole tiles of 6 or 12
  /// rows.
  package static let pointwisePixels = 72

  /// The floats of scratch that a pass needs.
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

  /// The floats of a padded band of the input (of dy, for the input gradient) under so many rows of outputs, with room
  /// for two registers after it.
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

  /// The floats of the packed weights of a group.
  private func packedWeights(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int {
    let outputs = geometry.outputChannels / geometry.groups
    return pass == .backwardData
      ? outputs * Self.padded(geometry.rowCount) : geometry.rowCount * Self.padded(outputs)
  }

  /// A number of columns rounded up to what the packing fills.
  static func padded(_ columns: Int) -> Int { (columns + 15) / 16 * 16 }

  /// The channels of the result that Winograd's filters are held for at a time: all of them where they are fewer
  /// than 36 · 2^16 floats, else those of 64 channels, which stay in the last-level cache.
  package static func winogradGroup(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> Int {
    let results = pass == .backwardData ? geometry.inputChannels : geometry.outputChannels
    return geometry.inputChannels * geometry.outputChannels < 1 << 16 || results % 64 != 0 ? results : 64
  }
}

/// How the weight gradient of a convolution is cut into products of matrices: blocks of output pixels, and for each of
/// them slices of the windows' columns.
package struct WeightGradientBlocks: Hashable, Sendable {
  /// Output pixels whose products are summed before they go to memory: few, so that a block of both operands stays in
  /// the caches.
  package static let usualPixels = 128

  /// Output pixels of a block.
  package let pixels: Int
  /// Slices of the windows' columns: one for each row of the kernel, or all rows in one where there are few channels.
  /// All at once would fill the caches, and for each slice the block of dy is copied.
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

  /// Floats of scratch that a block needs: its packed columns.
  package var scratchCount: Int { pixels * ConvolutionAlgorithm.padded(columns) }
}
