internal import CKernels
internal import Network

/// A convolution as products of matrices: the windows of output pixels, laid out as rows, times the weights. A pointwise
/// convolution's pixels are such rows already.
struct ConvolutionBlocks {
  private let g: ConvolutionGeometry
  private let isPointwise: Bool
  private let blockPixels: Int
  private let window: ck_window

  /// The number of output pixels of the micro-batch.
  let pixels: Int

  /// The blocks of one micro-batch.
  init(_ g: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, batch: Int) {
    self.g = g
    isPointwise = algorithm == .pointwise
    precondition(g.isPointwise || !isPointwise, "a kernel of \(g.window.kernel) is not pointwise")
    blockPixels =
      if case .columns(let pixels) = algorithm { pixels } else { ConvolutionAlgorithm.pointwisePixels }
    precondition(blockPixels > 0, "blocks of \(blockPixels) pixels")
    window = ck_window(g.window)
    pixels = batch * g.window.output.count
  }

  private var inputsOfGroup: Int { g.inputChannels / g.groups }
  private var outputsOfGroup: Int { g.outputChannels / g.groups }
  private var columnCount: Int { isPointwise ? 0 : blockPixels * g.rowCount }

  /// Calls `body` with each block of pixels in order.
  private func forEachBlock(_ body: (Range<Int>) -> Void) {
    var first = 0
    while first < pixels {
      let end = min(first + blockPixels, pixels)
      body(first..<end)
      first = end
    }
  }

  /// y = windows · weightsᵀ.
  func forward(
    x: UnsafePointer<Float>, weights: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = unsafe scratch + columnCount
    for group in 0..<g.groups {
      unsafe PackedProduct.pack(
        StridedOperand(base: weights + group * outputsOfGroup * g.rowCount, row: g.rowCount, step: 1),
        inner: g.rowCount, columns: outputsOfGroup, into: packed)
      forEachBlock { block in
        let rows = unsafe windows(block, group: group, of: x, scratch: scratch)
        unsafe PackedProduct.multiply(
          StridedOperand(base: rows, row: g.rowCount, step: 1), packed: packed, rows: block.count, inner: g.rowCount,
          columns: outputsOfGroup, into: y + outputOffset(block, group), stride: g.outputChannels)
      }
    }
  }

  /// dx += the windows' gradients dy · weights, laid back where the windows came from.
  func backwardData(
    dy: UnsafePointer<Float>, weights: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = unsafe scratch + columnCount
    for group in 0..<g.groups {
      unsafe PackedProduct.pack(
        StridedOperand(base: weights + group * outputsOfGroup * g.rowCount, row: 1, step: g.rowCount),
        inner: outputsOfGroup, columns: g.rowCount, into: packed)
      forEachBlock { block in
        let rows = unsafe isPointwise ? dx + block.lowerBound * g.rowCount : scratch
        unsafe PackedProduct.multiply(
          StridedOperand(base: dy + outputOffset(block, group), row: g.outputChannels, step: 1), packed: packed,
          rows: block.count, inner: outputsOfGroup, columns: g.rowCount, into: rows, stride: g.rowCount)
        guard !isPointwise else { return }
        unsafe withWindow { window in
          unsafe ck_loops().pointee.scatter(window, channels(group), block.lowerBound, block.count, scratch, dx)
        }
      }
    }
  }

  /// dWeights += dyᵀ · windows; the first block writes.
  func backwardWeights(
    x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dWeights: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let gradients = unsafe scratch + columnCount
    let spread = ConvolutionAlgorithm.spread(outputsOfGroup)
    let packed = unsafe gradients + blockPixels * spread
    for group in 0..<g.groups {
      forEachBlock { block in
        let rows = unsafe windows(block, group: group, of: x, scratch: scratch)
        unsafe ck_loops().pointee.copy_rows(
          block.count, outputsOfGroup, dy + outputOffset(block, group), g.outputChannels, gradients, spread)
        unsafe PackedProduct.pack(
          StridedOperand(base: rows, row: 1, step: g.rowCount), inner: block.count, columns: g.rowCount, into: packed)
        unsafe PackedProduct.multiply(
          StridedOperand(base: gradients, row: 1, step: spread), packed: packed, rows: outputsOfGroup,
          inner: block.count, columns: g.rowCount,
          into: dWeights + group * outputsOfGroup * g.rowCount, stride: g.rowCount, adding: block.lowerBound > 0)
      }
    }
  }

  /// The windows of a block as rows: gathered into the scratch, or the input itself if the layer is pointwise.
  private func windows(
    _ block: Range<Int>, group: Int, of x: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    if isPointwise { return unsafe x + block.lowerBound * g.rowCount }
    unsafe withWindow { window in
      unsafe ck_loops().pointee.gather(window, channels(group), block.lowerBound, block.count, x, scratch)
    }
    return unsafe UnsafePointer(scratch)
  }

  private func withWindow(_ body: (UnsafePointer<ck_window>) -> Void) {
    unsafe withUnsafePointer(to: window) { window in unsafe body(window) }
  }

  private func channels(_ group: Int) -> ck_channels {
    ck_channels(total: g.inputChannels, first: group * inputsOfGroup, count: inputsOfGroup)
  }

  private func outputOffset(_ block: Range<Int>, _ group: Int) -> Int {
    block.lowerBound * g.outputChannels + group * outputsOfGroup
  }
}
