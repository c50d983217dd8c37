internal import CKernels
package import Operators

/// The three passes of a convolution, by any of its algorithms.
///
/// Shapes: x is [sample][row][column][input channel], y and dy are [sample][row][column][output channel], weights
/// [output channel][kernel row][kernel column][input channel of the group]. `scratch` holds as many floats as
/// `ConvolutionAlgorithm.scratchCount` says.
package enum Convolution {
  /// y = x ∗ weights + bias.
  ///
  /// - Parameter bias: one value for each output channel, or empty for none.
  package static func forward(
    _ g: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, batch: Int, x: Span<Float>, weights: Span<Float>,
    bias: Span<Float>, y: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) {
    check(g, batch: batch, x: x.count, weights: weights.count, y: y.count)
    precondition(scratch.count >= algorithm.scratchCount(.forward, g), "scratch: \(scratch.count) floats")
    precondition(bias.isEmpty || bias.count == g.outputChannels, "bias: \(g.outputChannels) channels or none")
    let hasBias = !bias.isEmpty
    unsafe bias.withPointer { bias in
      let bias = unsafe hasBias ? bias : nil
      unsafe withPointers(x, weights, &y, &scratch) { x, weights, y, scratch in
        switch algorithm {
        case .winograd(let variant, let tiles):
          unsafe WinogradLoops(g, variant, tiles: tiles, batch: batch)
            .forward(x: x, weights: weights, bias: bias, y: y, scratch: scratch)
        case .depthwise:
          unsafe DepthwiseLoops(g, batch: batch).forward(x: x, weights: weights, bias: bias, y: y, scratch: scratch)
        case .direct(let rows):
          unsafe DirectLoops(g, rows: rows, batch: batch)
            .forward(x: x, weights: weights, bias: bias, y: y, scratch: scratch)
        case .columns, .pointwise:
          unsafe ConvolutionBlocks(g, algorithm, batch: batch)
            .forward(x: x, weights: weights, bias: bias, y: y, scratch: scratch)
        }
      }
    }
  }

  /// dx = the gradient of the input, written whole; or dx += it.
  ///
  /// - Parameter adding: whether to add, which not every algorithm can: see `ConvolutionAlgorithm.canAdd`.
  package static func backwardData(
    _ g: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, batch: Int, dy: Span<Float>, weights: Span<Float>,
    dx: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>, adding: Bool = false
  ) {
    precondition(!adding || algorithm.canAdd, "\(algorithm) cannot add")
    check(g, batch: batch, x: dx.count, weights: weights.count, y: dy.count)
    precondition(scratch.count >= algorithm.scratchCount(.backwardData, g), "scratch: \(scratch.count) floats")
    unsafe withPointers(dy, weights, &dx, &scratch) { dy, weights, dx, scratch in
      switch algorithm {
      case .winograd(let variant, let tiles):
        unsafe WinogradLoops(g, variant, tiles: tiles, batch: batch)
          .backwardData(dy: dy, weights: weights, dx: dx, scratch: scratch)
      case .depthwise:
        unsafe DepthwiseLoops(g, batch: batch).backwardData(dy: dy, weights: weights, dx: dx, scratch: scratch)
      case .direct(let rows):
        unsafe DirectLoops(g, rows: rows, batch: batch)
          .backwardData(dy: dy, weights: weights, dx: dx, scratch: scratch)
      case .columns, .pointwise:
        unsafe ConvolutionBlocks(g, algorithm, batch: batch)
          .backwardData(dy: dy, weights: weights, dx: dx, scratch: scratch, adding: adding)
      }
    }
  }

  /// dWeights and dBias = the gradients of the weights and of the bias, written whole.
  ///
  /// - Parameter dBias: one value for each output channel, or empty for none.
  package static func backwardWeights(
    _ g: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, batch: Int, x: Span<Float>, dy: Span<Float>,
    dWeights: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) {
    check(g, batch: batch, x: x.count, weights: dWeights.count, y: dy.count)
    precondition(scratch.count >= algorithm.scratchCount(.backwardWeights, g), "scratch: \(scratch.count) floats")
    precondition(dBias.isEmpty || dBias.count == g.outputChannels, "dBias: \(g.outputChannels) channels or none")
    if !dBias.isEmpty {
      let pixels = dy.count / g.outputChannels
      unsafe withPointers(dy, &dBias) { dy, dBias in
        unsafe ck_loops().pointee.column_sums(pixels, g.outputChannels, 1, dy, dBias)
      }
    }
    unsafe withPointers(x, dy, &dWeights, &scratch) { x, dy, dWeights, scratch in
      switch algorithm {
      case .winograd(let variant, let tiles):
        unsafe WinogradLoops(g, variant, tiles: tiles, batch: batch)
          .backwardWeights(x: x, dy: dy, dWeights: dWeights, scratch: scratch)
      case .depthwise:
        unsafe DepthwiseLoops(g, batch: batch).backwardWeights(x: x, dy: dy, dWeights: dWeights, scratch: scratch)
      case .direct(let rows):
        unsafe DirectLoops(g, rows: rows, batch: batch)
          .backwardWeights(x: x, dy: dy, dWeights: dWeights, scratch: scratch)
      case .columns, .pointwise:
        unsafe WeightGradient(g, algorithm, batch: batch).sum(x: x, dy: dy, dWeights: dWeights, scratch: scratch)
      }
    }
  }

  /// Checks the groups and the number of floats of each tensor.
  private static func check(_ g: ConvolutionGeometry, batch: Int, x: Int, weights: Int, y: Int) {
    precondition(
      g.groups > 0 && g.inputChannels % g.groups == 0 && g.outputChannels % g.groups == 0,
      "\(g.groups) groups divide neither \(g.inputChannels) nor \(g.outputChannels) channels")
    precondition(batch > 0 && x == batch * g.input.count, "x: \(x) floats are not \(batch) × \(g.input)")
    precondition(weights == g.weightCount, "weights: \(weights) floats are not \(g.outputChannels) × \(g.rowCount)")
    precondition(y == batch * g.output.count, "y: \(y) floats are not \(batch) × \(g.output)")
  }
}
