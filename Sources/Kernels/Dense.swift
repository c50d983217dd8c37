internal import CKernels

/// A dense layer: each sample's features times a matrix.
///
/// Shapes: x is [sample][in], y and dy are [sample][out], weights [out][in]. The numbers of features follow from the
/// counts and the number of samples.
package enum Dense {
  /// y = x · weightsᵀ + bias.
  ///
  /// - Parameter bias: one value for each output, or empty for none.
  package static func forward(
    batch: Int, x: Span<Float>, weights: Span<Float>, bias: Span<Float>, y: inout MutableSpan<Float>
  ) {
    let (inputs, outputs) = features(batch: batch, x: x.count, y: y.count, weights: weights.count)
    precondition(bias.isEmpty || bias.count == outputs, "bias: \(outputs) values or none")
    unsafe withPointers(x, weights, &y) { x, weights, y in
      unsafe MatrixProduct.multiply(
        .plain(x, stride: inputs), .transposed(weights, stride: inputs),
        rows: batch, inner: inputs, columns: outputs, into: y, stride: outputs)
    }
    guard !bias.isEmpty else { return }
    unsafe withPointers(bias, &y) { bias, y in unsafe ck_loops().pointee.add_row(batch, outputs, bias, y) }
  }

  /// dx = dy · weights.
  package static func backwardData(
    batch: Int, dy: Span<Float>, weights: Span<Float>, dx: inout MutableSpan<Float>
  ) {
    let (inputs, outputs) = features(batch: batch, x: dx.count, y: dy.count, weights: weights.count)
    unsafe withPointers(dy, weights, &dx) { dy, weights, dx in
      unsafe MatrixProduct.multiply(
        .plain(dy, stride: outputs), .plain(weights, stride: inputs),
        rows: batch, inner: outputs, columns: inputs, into: dx, stride: inputs)
    }
  }

  /// dWeights = dyᵀ · x, dBias = Σ dy.
  ///
  /// - Parameter dBias: one value for each output, or empty for none.
  package static func backwardWeights(
    batch: Int, x: Span<Float>, dy: Span<Float>, dWeights: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>
  ) {
    let (inputs, outputs) = features(batch: batch, x: x.count, y: dy.count, weights: dWeights.count)
    precondition(dBias.isEmpty || dBias.count == outputs, "dBias: \(outputs) values or none")
    unsafe withPointers(x, dy, &dWeights) { x, dy, dWeights in
      unsafe MatrixProduct.multiply(
        .transposed(dy, stride: outputs), .plain(x, stride: inputs),
        rows: outputs, inner: batch, columns: inputs, into: dWeights, stride: inputs)
    }
    guard !dBias.isEmpty else { return }
    unsafe withPointers(dy, &dBias) { dy, dBias in
      unsafe ck_loops().pointee.column_sums(batch, outputs, 1, dy, dBias)
    }
  }

  private static func features(batch: Int, x: Int, y: Int, weights: Int) -> (inputs: Int, outputs: Int) {
    precondition(batch > 0 && x % batch == 0 && y % batch == 0, "\(x) and \(y) floats are not \(batch) samples")
    precondition(x > 0 && y > 0 && weights == (x / batch) * (y / batch), "weights: \(y / batch) × \(x / batch)")
    return (x / batch, y / batch)
  }
}
