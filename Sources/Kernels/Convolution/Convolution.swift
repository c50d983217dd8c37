internal import CKernels
package import Network

/// Convolution by matrix products: the windows of a block of output pixels are laid out as the rows of a matrix
/// (im2col), one group at a time, and multiplied by the weights. A pointwise convolution needs no such matrix.
///
/// Shapes: x is [sample][row][column][input channel], y and dy are [sample][row][column][output channel], weights
/// [output channel][kernel row][kernel column][input channel of the group]. Pixels are the flattened (sample, row,
/// column) of the output; they are worked off in blocks of `blockPixels`, and `scratch` holds
/// blockPixels · g.rowCount floats, none for a pointwise convolution.
///
/// Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing",
/// IWFHR 2006.
package enum Convolution {
  /// y = x ∗ weights + bias.
  ///
  /// - Parameter bias: one number for each output channel, or empty for none.
  package static func forward(
    _ g: ConvolutionGeometry, batch: Int, blockPixels: Int, x: Span<Float>, weights: Span<Float>, bias: Span<Float>,
    y: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) {
    let plan = ConvolutionBlocks(g, batch: batch, blockPixels: blockPixels)
    plan.check(x: x.count, weights: weights.count, y: y.count, scratch: scratch.count)
    precondition(bias.isEmpty || bias.count == g.outputChannels, "bias: \(g.outputChannels) channels or none")
    let hasBias = !bias.isEmpty
    unsafe bias.withPointer { bias in
      unsafe withPointers(x, weights, &y, &scratch) { x, weights, y, scratch in
        plan.forEachBlock { block in
          unsafe plan.forwardBlock(block, x: x, weights: weights, y: y, scratch: scratch)
          guard hasBias else { return }
          let first = unsafe y + block.lowerBound * g.outputChannels
          unsafe ck_loops().pointee.add_row(block.count, g.outputChannels, bias, first)
        }
      }
    }
  }

  /// dx = the gradient of the input, written whole.
  package static func backwardData(
    _ g: ConvolutionGeometry, batch: Int, blockPixels: Int, dy: Span<Float>, weights: Span<Float>,
    dx: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) {
    let plan = ConvolutionBlocks(g, batch: batch, blockPixels: blockPixels)
    plan.check(x: dx.count, weights: weights.count, y: dy.count, scratch: scratch.count)
    let count = dx.count
    unsafe withPointers(dy, weights, &dx, &scratch) { dy, weights, dx, scratch in
      if !g.isPointwise { unsafe ck_loops().pointee.fill(count, 0, dx) }
      plan.forEachBlock { block in
        unsafe plan.backwardDataBlock(block, dy: dy, weights: weights, dx: dx, scratch: scratch)
      }
    }
  }

  /// dWeights and dBias = the gradients of the weights and of the bias, written whole.
  ///
  /// - Parameter dBias: one number for each output channel, or empty for none.
  package static func backwardWeights(
    _ g: ConvolutionGeometry, batch: Int, blockPixels: Int, x: Span<Float>, dy: Span<Float>,
    dWeights: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) {
    let plan = ConvolutionBlocks(g, batch: batch, blockPixels: blockPixels)
    plan.check(x: x.count, weights: dWeights.count, y: dy.count, scratch: scratch.count)
    precondition(dBias.isEmpty || dBias.count == g.outputChannels, "dBias: \(g.outputChannels) channels or none")
    if !dBias.isEmpty {
      unsafe withPointers(dy, &dBias) { dy, dBias in
        unsafe ck_loops().pointee.column_sums(plan.pixels, g.outputChannels, 1, dy, dBias)
      }
    }
    unsafe withPointers(x, dy, &dWeights, &scratch) { x, dy, dWeights, scratch in
      plan.forEachBlock { block in
        unsafe plan.backwardWeightsBlock(block, x: x, dy: dy, dWeights: dWeights, scratch: scratch)
      }
    }
  }
}
