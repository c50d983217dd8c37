internal import CKernels
internal import Network

/// The work of a convolution, cut into blocks of output pixels.
struct ConvolutionBlocks {
  private let g: ConvolutionGeometry
  private let batch: Int
  private let blockPixels: Int
  private let window: ck_window

  /// The number of output pixels of the micro-batch.
  let pixels: Int

  /// The blocks of one micro-batch.
  init(_ g: ConvolutionGeometry, batch: Int, blockPixels: Int) {
    precondition(batch > 0 && blockPixels > 0, "\(batch) samples in blocks of \(blockPixels) pixels")
    precondition(
      g.groups > 0 && g.inputChannels % g.groups == 0 && g.outputChannels % g.groups == 0,
      "\(g.groups) groups divide neither \(g.inputChannels) nor \(g.outputChannels) channels")
    self.g = g
    self.batch = batch
    self.blockPixels = blockPixels
    window = ck_window(g.window)
    pixels = batch * g.window.output.count
  }

  private var inputsOfGroup: Int { g.inputChannels / g.groups }
  private var outputsOfGroup: Int { g.outputChannels / g.groups }

  /// Checks the number of floats of each tensor.
  func check(x: Int, weights: Int, y: Int, scratch: Int) {
    precondition(x == batch * g.input.count, "x: \(x) floats are not \(batch) × \(g.input)")
    precondition(weights == g.weightCount, "weights: \(weights) floats are not \(g.outputChannels) × \(g.rowCount)")
    precondition(y == pixels * g.outputChannels, "y: \(y) floats are not \(pixels) pixels × \(g.outputChannels)")
    let needed = g.isPointwise ? 0 : min(blockPixels, pixels) * g.rowCount
    precondition(scratch >= needed, "scratch: \(scratch) floats, but \(needed) are needed")
  }

  /// Calls `body` with each block in order; a pointwise convolution is one block.
  func forEachBlock(_ body: (Range<Int>) -> Void) {
    let step = g.isPointwise ? pixels : blockPixels
    var first = 0
    while first < pixels {
      let end = min(first + step, pixels)
      body(first..<end)
      first = end
    }
  }

  /// y = windows · weightsᵀ, for the pixels of a block.
  func forwardBlock(
    _ block: Range<Int>, x: UnsafePointer<Float>, weights: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    for group in 0..<g.groups {
      unsafe MatrixProduct.multiply(
        windows(block, group: group, of: x, scratch: scratch),
        .transposed(weights + group * outputsOfGroup * g.rowCount, stride: g.rowCount),
        rows: block.count, inner: g.rowCount, columns: outputsOfGroup,
        into: y + outputOffset(block, group), stride: g.outputChannels)
    }
  }

  /// dx += the windows' gradients dy · weights, laid back where the windows came from.
  func backwardDataBlock(
    _ block: Range<Int>, dy: UnsafePointer<Float>, weights: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    for group in 0..<g.groups {
      let rows = unsafe g.isPointwise ? dx + block.lowerBound * g.rowCount : scratch
      unsafe MatrixProduct.multiply(
        .plain(dy + outputOffset(block, group), stride: g.outputChannels),
        .plain(weights + group * outputsOfGroup * g.rowCount, stride: g.rowCount),
        rows: block.count, inner: outputsOfGroup, columns: g.rowCount, into: rows, stride: g.rowCount)
      guard !g.isPointwise else { continue }
      unsafe withWindow { window in
        unsafe ck_loops().pointee.scatter(window, channels(group), block.lowerBound, block.count, scratch, dx)
      }
    }
  }

  /// dWeights += dyᵀ · windows; the first block writes.
  func backwardWeightsBlock(
    _ block: Range<Int>, x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dWeights: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    for group in 0..<g.groups {
      unsafe MatrixProduct.multiply(
        .transposed(dy + outputOffset(block, group), stride: g.outputChannels),
        windows(block, group: group, of: x, scratch: scratch),
        rows: outputsOfGroup, inner: block.count, columns: g.rowCount,
        into: dWeights + group * outputsOfGroup * g.rowCount, stride: g.rowCount, adding: block.lowerBound > 0)
    }
  }

  /// The windows of a block as rows: gathered into the scratch, or the input itself if the layer is pointwise.
  private func windows(
    _ block: Range<Int>, group: Int, of x: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> Operand {
    if g.isPointwise { return unsafe .plain(x + block.lowerBound * g.rowCount, stride: g.rowCount) }
    unsafe withWindow { window in
      unsafe ck_loops().pointee.gather(window, channels(group), block.lowerBound, block.count, x, scratch)
    }
    return unsafe .plain(scratch, stride: g.rowCount)
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
