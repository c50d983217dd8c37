package import Operators

/// What an instruction computes. All sizes are for one sample unless said otherwise; the micro-batch size is the
/// program's.
///
/// The operands stand in the instruction, in the order that each case names: "x → y" means that `reads` is [x] and
/// `writes` is [y]. Names with d are gradients.
package enum Operation: Hashable, Sendable {
  /// x → y; parameters weight, bias (if any); scratch as the algorithm needs it.
  case convolution(ConvolutionGeometry, ConvolutionAlgorithm)
  /// dy, accumulated dx (if the addition is fused) → dx; parameters weight.
  case convolutionBackwardData(ConvolutionGeometry, ConvolutionAlgorithm)
  /// x, dy → ; gradients weight, bias (if any).
  case convolutionBackwardWeights(ConvolutionGeometry, ConvolutionAlgorithm)

  /// x → y; parameters weight, bias (if any). The geometry is that of the convolution from y to x whose transpose this
  /// is; so the gradient with respect to x is that convolution.
  case transposedConvolution(ConvolutionGeometry, ConvolutionAlgorithm)
  /// x, dy → ; gradients weight, bias (if any).
  case transposedConvolutionBackwardWeights(ConvolutionGeometry, ConvolutionAlgorithm)

  /// x → y.
  case filter(FilterGeometry)
  /// dy → dx.
  case filterBackward(FilterGeometry)

  /// x → y; parameters weight, bias (if any).
  case dense(inputs: Int, outputs: Int)
  /// dy → dx; parameters weight.
  case denseBackwardData(inputs: Int, outputs: Int)
  /// x, dy → ; gradients weight, bias (if any).
  case denseBackwardWeights(inputs: Int, outputs: Int)
  /// dy → ; gradients bias: of a dense layer or a convolution whose weights are frozen.
  case biasGradient(positions: Int, channels: Int)

  /// x → y, indices (the position in the sample of each window's largest value, as Int32).
  case maxPooling(Window, channels: Int)
  /// dy, indices → dx.
  case maxPoolingBackward(Window, channels: Int)
  /// x → y; the gradient is the transposed map, from dy to dx.
  case resample(Resampling)
  /// x → y.
  case powerPooling(Window, channels: Int, exponent: Float)
  /// x, y, dy → dx.
  case powerPoolingBackward(Window, channels: Int, exponent: Float)
  /// x → y.
  case globalAveragePooling(positions: Int, channels: Int)
  /// dy → dx.
  case globalAveragePoolingBackward(positions: Int, channels: Int)

  /// x → y.
  case activation(ActivationFunction, count: Int)
  /// y, dy → dx; x in the place of y where the function's derivative is computed from its input.
  case activationBackward(ActivationFunction, count: Int)
  /// x → y, over `columns` at each of `rows` positions.
  case softmax(rows: Int, columns: Int)
  /// y, dy → dx.
  case softmaxBackward(rows: Int, columns: Int)

  /// x, residual (if the tail adds one) → y, mean, rstd; parameters scale, shift; the micro-batch's mean and
  /// unbiased variance go to the statistics part of the micro-batch's gradient. Without statistics (it runs for the
  /// second time) the variance goes to the scratch.
  case batchNormalization(channels: Int, positions: Int, epsilon: Float, NormalizationTail)
  /// x, dy, mean, rstd, y (if there was a residual before a ReLU) → dx, dresidual (if that is wanted);
  /// parameters scale, shift (if there was a ReLU without a residual); gradients scale, shift. The scratch takes the
  /// gradients of both if one is frozen: the sums are needed on the way.
  case batchNormalizationBackward(channels: Int, positions: Int)
  /// x, residual (if the tail adds one) → y; parameters scale, shift; uses the running statistics: in evaluation, and
  /// in training where they are frozen.
  case batchNormalizationEvaluation(channels: Int, positions: Int, epsilon: Float, NormalizationTail)
  /// dy, y (if there was a ReLU) → dx, dresidual (if there was a ReLU, and it is wanted); parameters scale; the scratch
  /// holds a factor for each channel.
  case batchNormalizationEvaluationBackwardData(channels: Int, positions: Int, epsilon: Float)
  /// x, dy → ; gradients scale, shift; the scratch holds as many floats as x, and three for each channel.
  case batchNormalizationEvaluationBackwardWeights(channels: Int, positions: Int, epsilon: Float)
  /// x → y, mean, rstd; parameters scale, shift (if any).
  case groupNormalization(NormalizationGroups, epsilon: Float)
  /// x, dy, mean, rstd → dx; parameters scale (if any); gradients scale, shift (if any); scratch as for batch
  /// normalization.
  case groupNormalizationBackward(NormalizationGroups)
  /// x → y, the sums s of `LocalResponse`.
  case localResponse(LocalResponse, positions: Int)
  /// x, y, s, dy → dx.
  case localResponseBackward(LocalResponse, positions: Int)

  /// x → y, mask. A sample is [rows][columns] and its mask, drawn from the stream of `subject`, one value for each
  /// column.
  case dropout(rate: Float, subject: UInt64, rows: Int, columns: Int)
  /// dy, mask → dx.
  case dropoutBackward(rows: Int, columns: Int)

  /// x → y: each of `blocks` matrices [row][column] to [column][row].
  case transpose(blocks: Int, rows: Int, columns: Int)
  /// x → y: x moved down by `top` and to the right by `left`; zeros where nothing comes, cut off where nothing fits.
  case shift(from: Shape, to: Shape, top: Int, left: Int)

  /// a, b → sum.
  case add(count: Int)
  /// a, b → product.
  case multiply(count: Int)
  /// x, factors (one for each channel of the sample) → y.
  case gate(positions: Int, channels: Int)
  /// x, dy → the gradient of the factors.
  case gateBackward(positions: Int, channels: Int)
  /// x → y; parameters one factor for each channel. From dy to dx it is its own gradient.
  case channelScale(positions: Int, channels: Int)
  /// x, dy → ; gradients the factors.
  case channelScaleBackwardWeights(positions: Int, channels: Int)
  /// the branches' outputs → y; `widths` are their channels.
  case concatenate(positions: Int, widths: [Int])
  /// dy → the channels `offset ..< offset + width` of it.
  case extract(positions: Int, total: Int, offset: Int, width: Int)

  /// x → dx, the gradient of the term divided by the number of samples of the global batch; the term's loss, and for
  /// the network's output correct and sample count, go to the metrics.
  case loss(LossTerm)

  /// The gradients of this bucket are final and its parameters are not needed any more in this micro-batch.
  case bucketComplete(Int)
}

/// One term of the loss: that of the network's output, or of an auxiliary head.
package struct LossTerm: Hashable, Sendable {
  /// What is computed.
  package var loss: Loss
  /// The shape of one sample of the output that the loss sees.
  package var output: Shape
  /// The factor of the term.
  package var weight: Float
  /// Whether the output is the network's; else it is a head's.
  package var isMain: Bool
  /// The index of its dense targets in the program's list; nil if it reads none.
  package var targets: Int?
}

/// Dense targets that a program reads beside the labels.
package struct TargetValues: Hashable, Sendable {
  /// "targets" for the network's output, "targets.aux" for those of the head `aux`.
  package var name: String
  /// The shape of one sample.
  package var shape: Shape
}

/// What a batch normalization does with its result before it goes to memory.
package struct NormalizationTail: Hashable, Sendable {
  /// Whether the instruction's second read is added.
  package var addsResidual = false
  /// Whether the larger of that and zero is taken.
  package var relu = false
}
