internal import CKernels
import Operators

/// A convolution as products of matrices: the windows of output pixels, laid out as rows, times the weights. A
/// pointwise convolution's pixels are such rows already.
struct ConvolutionBlocks {
  private let g: ConvolutionGeometry
  private let isPointwise: Bool
  private let blockPixels: Int
  private let window: ck_window
  private let pixels: Int

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

  /// y = windows · weightsᵀ + bias.
  func forward(
    x: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = unsafe scratch + columnCount
    for group in 0..<g.groups {
      unsafe PackedProduct.pack(
        .transposed(weights + group * outputsOfGroup * g.rowCount, stride: g.rowCount),
        inner: g.rowCount, columns: outputsOfGroup, into: packed)
      forEachBlock { block in
        let rows = unsafe windows(block, group: group, of: x, scratch: scratch)
        unsafe PackedProduct.multiply(
          .plain(rows, stride: g.rowCount), packed: packed, rows: block.count, inner: g.rowCount,
          columns: outputsOfGroup, into: y + outputOffset(block, group), stride: g.outputChannels,
          next: next(block, of: x, channels: g.inputChannels))
      }
    }
    if let bias = unsafe bias { unsafe ck_loops().pointee.add_row(pixels, g.outputChannels, bias, y) }
  }

  /// dx = the sum of the windows' gradients dy · weights, laid back where the windows came from; or dx += it.
  func backwardData(
    dy: UnsafePointer<Float>, weights: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    if !isPointwise, !adding { unsafe ck_loops().pointee.fill(pixels / g.window.output.count * g.input.count, 0, dx) }
    let packed = unsafe scratch + columnCount
    for group in 0..<g.groups {
      unsafe PackedProduct.pack(
        .plain(weights + group * outputsOfGroup * g.rowCount, stride: g.rowCount),
        inner: outputsOfGroup, columns: g.rowCount, into: packed)
      forEachBlock { block in
        let rows = unsafe isPointwise ? dx + block.lowerBound * g.rowCount : scratch
        unsafe PackedProduct.multiply(
          .plain(dy + outputOffset(block, group), stride: g.outputChannels), packed: packed,
          rows: block.count, inner: outputsOfGroup, columns: g.rowCount, into: rows, stride: g.rowCount,
          adding: adding && isPointwise, next: next(block, of: dy, channels: g.outputChannels))
        guard !isPointwise else { return }
        unsafe withWindow { window in
          unsafe ck_loops().pointee.scatter(window, channels(group), block.lowerBound, block.count, scratch, dx)
        }
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

  /// The next block of a pointwise convolution's operand.
  private func next(_ block: Range<Int>, of operand: UnsafePointer<Float>, channels: Int) -> ck_next {
    guard isPointwise else { return unsafe ck_next() }
    let count = min(block.count, pixels - block.upperBound) * channels
    return unsafe ck_next(
      first: operand + block.upperBound * channels, first_count: count, second: nil, second_count: 0)
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
