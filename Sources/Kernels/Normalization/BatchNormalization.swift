internal import CKernels

/// Batch normalization with the statistics of the micro-batch, and what often follows it: the addition of a residual
/// branch and a ReLU.
///
/// Shapes: x, residual, y, dy, dx and dResidual are [row][channel], where a row is a (sample, row, column); all others
/// are one value for each channel. Sums are accurate: in float over at most 64 rows of a lane, in double from there on;
/// the variance is taken from the deviations from the mean. With one row the variance is zero.
///
/// Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
/// shift", ICML 2015; per micro-batch ("ghost"): Hoffer, Hubara and Soudry, "Train longer, generalize better", 2017.
package enum BatchNormalization {
  /// y = (x - mean) · rstd · scale + shift with the mean and the biased variance of the rows; plus residual,
  /// unless that is empty; and then the larger of that and zero, with `relu`.
  ///
  /// - Parameters:
  ///   - epsilon: added to the variance before the root is taken.
  ///   - rstd: 1 / √(biased variance + epsilon), for the backward pass.
  ///   - variance: the unbiased variance, over rows - 1, for the running statistics.
  package static func forwardTraining(
    channels: Int, rows: Int, epsilon: Float, x: Span<Float>, scale: Span<Float>, shift: Span<Float>,
    residual: Span<Float>, relu: Bool, y: inout MutableSpan<Float>, mean: inout MutableSpan<Float>,
    rstd: inout MutableSpan<Float>, variance: inout MutableSpan<Float>
  ) {
    check(channels, rows, x.count, y.count, optional: residual.count)
    checkChannels(channels, scale.count, shift.count, mean.count, rstd.count, variance.count)
    let adds = !residual.isEmpty
    unsafe withPointers(scale, shift, &mean, &rstd) { scale, shift, mean, rstd in
      unsafe withPointers(x, residual, &y, &variance) { x, residual, y, variance in
        unsafe ck_loops().pointee.normalize_training(
          rows, channels, epsilon, x, scale, shift, adds ? residual : nil, relu ? 1 : 0, y, mean, rstd,
          variance)
      }
    }
  }

  /// The gradients of `forwardTraining`, through the statistics too; all are written whole.
  ///
  /// - Parameters:
  ///   - y: the result, if a residual was added and it went through a ReLU: dy counts where y is above zero; else
  ///     empty.
  ///   - shift: that of the forward pass, if the result went through a ReLU without a residual: it is computed again,
  ///     with the same bits, and dy counts where it is above zero; else empty.
  ///   - dResidual: receives what of dy counts, if there was a residual before a ReLU; else empty.
  package static func backward(
    channels: Int, rows: Int, x: Span<Float>, y: Span<Float>, dy: Span<Float>, scale: Span<Float>, shift: Span<Float>,
    mean: Span<Float>, rstd: Span<Float>, dx: inout MutableSpan<Float>, dResidual: inout MutableSpan<Float>,
    dScale: inout MutableSpan<Float>, dShift: inout MutableSpan<Float>
  ) {
    check(channels, rows, x.count, dx.count, optional: y.count)
    precondition(dy.count == x.count, "dy: \(rows) × \(channels)")
    precondition(dResidual.isEmpty || dResidual.count == x.count && !y.isEmpty, "dResidual: \(rows) × \(channels)")
    precondition(shift.isEmpty || shift.count == channels && y.isEmpty, "shift: \(channels) channels or none")
    checkChannels(channels, scale.count, mean.count, rstd.count, dScale.count, dShift.count)
    let (reads, computes, adds) = (!y.isEmpty, !shift.isEmpty, !dResidual.isEmpty)
    unsafe withPointers(scale, mean, &dScale, &dShift) { scale, mean, dScale, dShift in
      unsafe withPointers(y, rstd, &dResidual) { y, rstd, dResidual in
        unsafe withPointers(x, dy, shift, &dx) { x, dy, shift, dx in
          unsafe ck_loops().pointee.normalize_backward(
            rows, channels, x, reads ? y : nil, dy, scale, computes ? shift : nil, mean, rstd, dx,
            adds ? dResidual : nil, dScale, dShift)
        }
      }
    }
  }

  /// y = (x - runningMean) / √(runningVariance + epsilon) · scale + shift, then as in `forwardTraining`.
  package static func forwardEvaluation(
    channels: Int, rows: Int, epsilon: Float, x: Span<Float>, scale: Span<Float>, shift: Span<Float>,
    runningMean: Span<Float>, runningVariance: Span<Float>, residual: Span<Float>, relu: Bool,
    y: inout MutableSpan<Float>
  ) {
    check(channels, rows, x.count, y.count, optional: residual.count)
    checkChannels(channels, scale.count, shift.count, runningMean.count, runningVariance.count, channels)
    let adds = !residual.isEmpty
    unsafe withPointers(x, scale, shift, &y) { x, scale, shift, y in
      unsafe residual.withPointer { residual in
        unsafe runningMean.withPointer { mean in
          unsafe runningVariance.withPointer { variance in
            unsafe ck_loops().pointee.normalize_evaluation(
              rows, channels, epsilon, x, scale, shift, mean, variance, adds ? residual : nil, relu ? 1 : 0, y)
          }
        }
      }
    }
  }

  /// The gradient of the input of `forwardEvaluation`: dx = dy · scale / √(runningVariance + epsilon). dx may take the
  /// place of dy.
  ///
  /// - Parameters:
  ///   - y: the result, if it went through a ReLU: dy counts where y is above zero; else empty.
  ///   - dResidual: receives what of dy counts, if there was a residual before a ReLU; else empty.
  ///   - factors: becomes what dy is multiplied by, one value for each channel.
  package static func backwardEvaluation(
    channels: Int, rows: Int, epsilon: Float, y: Span<Float>, dy: Span<Float>, scale: Span<Float>,
    runningVariance: Span<Float>, dx: inout MutableSpan<Float>, dResidual: inout MutableSpan<Float>,
    factors: inout MutableSpan<Float>
  ) {
    check(channels, rows, dy.count, dx.count, optional: y.count)
    precondition(dResidual.isEmpty || dResidual.count == dy.count && !y.isEmpty, "dResidual: \(rows) × \(channels)")
    checkChannels(channels, scale.count, runningVariance.count, factors.count, channels, channels)
    for channel in 0..<channels {
      factors[channel] = Float(Double(scale[channel]) / deviation(runningVariance[channel], epsilon))
    }
    guard !y.isEmpty else { return scaled(channels, rows, dy, factors.span, &dx) }
    guard dResidual.isEmpty else {
      masked(dy, y, &dResidual)
      return scaled(channels, rows, dResidual.span, factors.span, &dx)
    }
    masked(dy, y, &dx)
    unsafe withPointers(factors.span, &dx) { factors, dx in
      unsafe ck_loops().pointee.multiply_row(rows, channels, dx, factors, dx)
    }
  }

  /// dx = dy where y is above zero.
  private static func masked(_ dy: Span<Float>, _ y: Span<Float>, _ dx: inout MutableSpan<Float>) {
    let count = dy.count
    unsafe withPointers(y, dy, &dx) { y, dy, dx in unsafe ck_loops().pointee.relu_backward(count, y, dy, dx) }
  }

  /// dx = dy · factors.
  private static func scaled(
    _ channels: Int, _ rows: Int, _ dy: Span<Float>, _ factors: Span<Float>, _ dx: inout MutableSpan<Float>
  ) {
    Elementwise.multiplyRow(blocks: 1, rows: rows, columns: channels, x: dy, row: factors, y: &dx)
  }

  private static func deviation(_ variance: Float, _ epsilon: Float) -> Double {
    (Double(variance) + Double(epsilon)).squareRoot()
  }

  /// The gradients of scale and shift of `forwardEvaluation` without residual and ReLU: dScale = Σ dy · (x -
  /// runningMean) / √(runningVariance + epsilon), dShift = Σ dy, the sums as in `backward`, whose dx is written too and
  /// means nothing here.
  ///
  /// - Parameter rstd: becomes 1 / √(runningVariance + epsilon).
  package static func gradientsEvaluation(
    channels: Int, rows: Int, epsilon: Float, x: Span<Float>, dy: Span<Float>, runningMean: Span<Float>,
    runningVariance: Span<Float>, dx: inout MutableSpan<Float>, rstd: inout MutableSpan<Float>,
    dScale: inout MutableSpan<Float>, dShift: inout MutableSpan<Float>
  ) {
    checkChannels(channels, runningVariance.count, rstd.count, channels, channels, channels)
    for channel in 0..<channels { rstd[channel] = Float(1 / deviation(runningVariance[channel], epsilon)) }
    var none = MutableSpan<Float>()
    backward(
      channels: channels, rows: rows, x: x, y: Span(), dy: dy, scale: runningVariance, shift: Span(), mean: runningMean,
      rstd: rstd.span, dx: &dx, dResidual: &none, dScale: &dScale, dShift: &dShift)
  }

  private static func check(_ channels: Int, _ rows: Int, _ x: Int, _ y: Int, optional: Int) {
    precondition(channels > 0 && rows > 0, "\(rows) rows of \(channels) channels")
    precondition(x == rows * channels && y == x, "\(rows) × \(channels) floats, not \(x) and \(y)")
    precondition(optional == 0 || optional == x, "\(rows) × \(channels) floats or none, not \(optional)")
  }

  private static func checkChannels(_ channels: Int, _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ e: Int) {
    precondition(
      a == channels && b == channels && c == channels && d == channels && e == channels,
      "one value for each of \(channels) channels")
  }
}
