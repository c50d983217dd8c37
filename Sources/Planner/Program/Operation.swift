package import Network

/// What an instruction computes. All sizes are for one sample unless said otherwise; the micro-batch size is the
/// program's.
///
/// The operands stand in the instruction, in the order that each case names: "x → y" means that `reads` is [x] and
/// `writes` is [y]. Names with d are gradients.
package enum Operation: Hashable, Sendable {
  /// x → y; parameters weight, bias (if any); scratch for the columns of `blockPixels` output pixels of the micro-batch.
  case convolution(ConvolutionGeometry, blockPixels: Int)
  /// dy → dx; parameters weight.
  case convolutionBackwardData(ConvolutionGeometry, blockPixels: Int)
  /// x, dy → ; gradients weight, bias (if any).
  case convolutionBackwardWeights(ConvolutionGeometry, blockPixels: Int)

  /// x → y; parameters weight, bias (if any).
  case dense(inputs: Int, outputs: Int)
  /// dy → dx; parameters weight.
  case denseBackwardData(inputs: Int, outputs: Int)
  /// x, dy → ; gradients weight, bias (if any).
  case denseBackwardWeights(inputs: Int, outputs: Int)

  /// x → y, indices (the position in the sample of each window's largest value, as Int32).
  case maxPooling(Window, channels: Int)
  /// dy, indices → dx.
  case maxPoolingBackward(Window, channels: Int)
  /// x → y.
  case averagePooling(Window, channels: Int, includePadding: Bool)
  /// dy → dx.
  case averagePoolingBackward(Window, channels: Int, includePadding: Bool)
  /// x → y.
  case globalAveragePooling(positions: Int, channels: Int)
  /// dy → dx.
  case globalAveragePoolingBackward(positions: Int, channels: Int)

  /// x → y.
  case activation(ActivationFunction, count: Int)
  /// y, dy → dx; for GELU x, dy → dx.
  case activationBackward(ActivationFunction, count: Int)
  /// x → y, over `columns` at each of `rows` positions.
  case softmax(rows: Int, columns: Int)
  /// y, dy → dx.
  case softmaxBackward(rows: Int, columns: Int)

  /// x → y, mean, inverse deviation; parameters scale, shift; the micro-batch's mean and unbiased variance go to the
  /// statistics part of the leaf gradient.
  case batchNormalization(channels: Int, positions: Int, epsilon: Float)
  /// x, dy, mean, inverse deviation → dx; parameters scale; gradients scale, shift.
  case batchNormalizationBackward(channels: Int, positions: Int)
  /// x → y; parameters scale, shift; uses the running statistics.
  case batchNormalizationEvaluation(channels: Int, positions: Int, epsilon: Float)

  /// x → y, mask. The mask is drawn from the stream of `subject`.
  case dropout(rate: Float, subject: UInt64, count: Int)
  /// dy, mask → dx.
  case dropoutBackward(count: Int)

  /// x → y: [position][channel] to [channel][position].
  case flatten(positions: Int, channels: Int)
  /// dy → dx.
  case flattenBackward(positions: Int, channels: Int)

  /// a, b → sum.
  case add(count: Int)
  /// the branches' outputs → y; `widths` are their channels.
  case concatenate(positions: Int, widths: [Int])
  /// dy → the channels `offset ..< offset + width` of it.
  case extract(positions: Int, total: Int, offset: Int, width: Int)

  /// logits → probabilities; loss, correct count and sample count go to the metrics.
  case crossEntropy(classes: Int, labelSmoothing: Float)
  /// probabilities → dlogits, divided by the number of samples of the global batch.
  case crossEntropyBackward(classes: Int, labelSmoothing: Float)

  /// The gradients of this bucket are final and its parameters are not needed any more in this micro-batch.
  case bucketComplete(Int)
}
