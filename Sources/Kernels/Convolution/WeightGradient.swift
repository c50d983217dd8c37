internal import CKernels
import Operators

/// The gradient of a convolution's weights as products of matrices, dyᵀ · windows, block by block of output pixels.
struct WeightGradient {
  private let g: ConvolutionGeometry
  private let blocks: WeightGradientBlocks
  private let window: ck_window
  private let pixels: Int

  /// The products of one micro-batch.
  init(_ g: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, batch: Int) {
    self.g = g
    blocks = WeightGradientBlocks(g, algorithm)
    precondition(g.isPointwise || blocks.gathers, "a kernel of \(g.window.kernel) is not pointwise")
    precondition(blocks.pixels > 0, "blocks of \(blocks.pixels) pixels")
    window = ck_window(g.window)
    pixels = batch * g.window.output.count
  }

  /// dWeights = the sums over all blocks; the first writes, the others add.
  func sum(
    x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dWeights: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    for group in 0..<g.groups {
      for first in stride(from: 0, to: pixels, by: blocks.pixels) {
        let block = first..<min(first + blocks.pixels, pixels)
        for slice in 0..<blocks.slices {
          unsafe pack(block, slice, group, x, into: scratch)
          unsafe multiply(block, slice, group, x: x, dy: dy, scratch, dWeights)
        }
      }
    }
  }

  /// Packs a slice of a block's windows.
  private func pack(
    _ block: Range<Int>, _ slice: Int, _ group: Int, _ x: UnsafePointer<Float>,
    into packed: UnsafeMutablePointer<Float>
  ) {
    guard blocks.gathers else {
      return unsafe PackedProduct.pack(
        .plain(x + block.lowerBound * g.inputChannels, stride: blocks.columns), inner: block.count,
        columns: blocks.columns, into: packed)
    }
    let channels = ck_channels(
      total: g.inputChannels, first: group * (g.inputChannels / g.groups), count: g.inputChannels / g.groups)
    unsafe withUnsafePointer(to: blocks.slices == 1 ? window : window.row(slice)) { window in
      unsafe ck_loops().pointee.pack_windows(window, channels, block.lowerBound, block.count, x, packed)
    }
  }

  /// Multiplies a block of dy with a slice of its windows.
  private func multiply(
    _ block: Range<Int>, _ slice: Int, _ group: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>,
    _ packed: UnsafePointer<Float>, _ dWeights: UnsafeMutablePointer<Float>
  ) {
    unsafe PackedProduct.multiply(
      .transposed(dy + block.lowerBound * g.outputChannels + group * blocks.outputs, stride: g.outputChannels),
      packed: packed, rows: blocks.outputs, inner: block.count, columns: blocks.columns,
      into: dWeights + group * blocks.outputs * g.rowCount + slice * blocks.columns, stride: g.rowCount,
      adding: block.lowerBound > 0, next: next(block, Share(index: slice, count: blocks.slices), x: x, dy: dy))
  }

  /// One of equal shares of what follows a block.
  private struct Share {
    let index: Int
    let count: Int

    /// The share of a range.
    func of(_ range: Range<Int>) -> Range<Int> {
      range.lowerBound + range.count * index / count..<range.lowerBound + range.count * (index + 1) / count
    }
  }

  /// A share of the operands' next block; of the windows only if they lie ready.
  private func next(
    _ block: Range<Int>, _ share: Share, x: UnsafePointer<Float>, dy: UnsafePointer<Float>
  ) -> ck_next {
    let end = min(block.upperBound + blocks.pixels, pixels)
    let outputs = share.of(block.upperBound * g.outputChannels..<end * g.outputChannels)
    let inputs =
      blocks.gathers ? 0..<0 : share.of(block.upperBound * g.inputChannels..<end * g.inputChannels)
    return unsafe ck_next(
      first: dy + outputs.lowerBound, first_count: outputs.count, second: x + inputs.lowerBound,
      second_count: inputs.count)
  }
}
