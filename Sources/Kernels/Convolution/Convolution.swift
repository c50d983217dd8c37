internal import CKernels
package import Network

/// The three passes of a convolution, by any of its algorithms.
///
/// Shapes: x is [sample][row][column][input channel], y and dy are [sample][row][column][output channel], weights
/// [output channel][kernel row][kernel column][input channel of the group]. `scratch` holds as many floats as
/// `ConvolutionAlgorithm.scratchCount` says.
package enum Convolution {
  /// y = x ∗ weights + bias.
  ///
  /// - Parameter bias: one number for each output channel, or empty for none.
  package static func forward(
    _ g: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, batch: Int, x: Span<Float>, weights: Span<Float>,
    bias: Span<Float>, y: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) {
    check(g, batch: batch, x: x.count, weights: weights.count, y: y.count)
    precondition(scratch.count >= algorithm.scratchCount(.forward, g), "scratch: \(scratch.count) floats")
    precondition(bias.isEmpty || bias.count == g.outputChannels, "bias: \(g.outputChannels) channels or none")
    let hasBias = !bias.isEmpty
    unsafe bias.withPointer { bias in
      unsafe withPointers(x, weights, &y, &scratch) { x, weights, y, scratch in
        if case .winograd(let tiles) = algorithm {
          unsafe withUnsafePointer(to: ck_winograd(g, tiles: tiles, batch: batch, backward: false)) { w in
            unsafe ck_loops().pointee.winograd_convolve(w, 0, x, weights, hasBias ? bias : nil, y, scratch)
          }
          return
        }
        if algorithm == .depthwise {
          unsafe DepthwiseLoops(g, batch: batch)
            .forward(x: x, weights: weights, bias: hasBias ? bias : nil, y: y, scratch: scratch)
          return
        }
        if case .direct(let rows) = algorithm {
          unsafe DirectLoops(.forward, g, rows: rows, batch: batch)
            .convolve(x, weights: weights, bias: hasBias ? bias : nil, backward: false, into: y, scratch: scratch)
          return
        }
        let blocks = ConvolutionBlocks(g, algorithm, batch: batch)
        unsafe blocks.forward(x: x, weights: weights, y: y, scratch: scratch)
        if hasBias { unsafe ck_loops().pointee.add_row(blocks.pixels, g.outputChannels, bias, y) }
      }
    }
  }

  /// dx = the gradient of the input, written whole.
  package static func backwardData(
    _ g: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, batch: Int, dy: Span<Float>, weights: Span<Float>,
    dx: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) {
    check(g, batch: batch, x: dx.count, weights: weights.count, y: dy.count)
    precondition(scratch.count >= algorithm.scratchCount(.backwardData, g), "scratch: \(scratch.count) floats")
    let count = dx.count
    unsafe withPointers(dy, weights, &dx, &scratch) { dy, weights, dx, scratch in
      if case .winograd(let tiles) = algorithm {
        unsafe withUnsafePointer(to: ck_winograd(g, tiles: tiles, batch: batch, backward: true)) { w in
          unsafe ck_loops().pointee.winograd_convolve(w, 1, dy, weights, nil, dx, scratch)
        }
        return
      }
      if algorithm == .depthwise {
        unsafe DepthwiseLoops(g, batch: batch).backwardData(dy: dy, weights: weights, dx: dx, scratch: scratch)
        return
      }
      if case .direct(let rows) = algorithm {
        unsafe DirectLoops(.backwardData, g, rows: rows, batch: batch)
          .convolve(dy, weights: weights, bias: nil, backward: true, into: dx, scratch: scratch)
        return
      }
      if algorithm != .pointwise { unsafe ck_loops().pointee.fill(count, 0, dx) }
      unsafe ConvolutionBlocks(g, algorithm, batch: batch)
        .backwardData(dy: dy, weights: weights, dx: dx, scratch: scratch)
    }
  }

  /// dWeights and dBias = the gradients of the weights and of the bias, written whole.
  ///
  /// - Parameter dBias: one number for each output channel, or empty for none.
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
      if case .winograd(let tiles) = algorithm {
        unsafe withUnsafePointer(to: ck_winograd(g, tiles: tiles, batch: batch, backward: false)) { w in
          unsafe ck_loops().pointee.winograd_backward_weights(w, x, dy, dWeights, scratch)
        }
        return
      }
      if algorithm == .depthwise {
        unsafe DepthwiseLoops(g, batch: batch).backwardWeights(x: x, dy: dy, dWeights: dWeights, scratch: scratch)
        return
      }
      if case .direct(let rows) = algorithm {
        unsafe DirectLoops(.backwardWeights, g, rows: rows, batch: batch)
          .backwardWeights(x: x, dy: dy, dWeights: dWeights, scratch: scratch)
        return
      }
      unsafe ConvolutionBlocks(g, algorithm, batch: batch)
        .backwardWeights(x: x, dy: dy, dWeights: dWeights, scratch: scratch)
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
