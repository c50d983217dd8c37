import Network
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
  /// x → y; parameters the slopes of the columns: a sample is [row][column], of one column if all channels share a
  /// slope.
  case prelu(rows: Int, columns: Int)
  /// x, dy → dx; parameters the slopes.
  case preluBackwardData(rows: Int, columns: Int)
  /// x, dy → ; gradients the slopes.
  case preluBackwardWeights(rows: Int, columns: Int)
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

/// What tables, costs and the memory planner know of an operation.
struct OperationTraits {
  /// What sets the time of an operation.
  enum Arithmetic {
    case convolution(ConvolutionWork)
    /// So many multiply-add pairs for one sample.
    case products(Int)
    /// Bytes, not arithmetic.
    case little
  }

  /// The word for the operation in tables, whatever its algorithm.
  var name: String
  /// What sets its time.
  var arithmetic = Arithmetic.little
  /// The reads that the first result may overwrite, best first: what the operation goes through element by element,
  /// never coming back and never writing elsewhere than it has just read.
  var overwritable: [Int] = []

  /// Those of one pass of a convolution.
  static func convolution(
    _ name: String, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm,
    overwrites overwritable: [Int] = []
  ) -> OperationTraits {
    let work = ConvolutionWork(pass: pass, geometry: geometry, algorithm: algorithm)
    return OperationTraits(name: name, arithmetic: .convolution(work), overwritable: overwritable)
  }

  /// Those of so many multiply-add pairs.
  static func products(_ name: String, _ count: Int) -> OperationTraits {
    OperationTraits(name: name, arithmetic: .products(count))
  }

  /// Those of what bytes set the time of.
  static func little(_ name: String, overwrites overwritable: [Int] = []) -> OperationTraits {
    OperationTraits(name: name, overwritable: overwritable)
  }
}

extension Operation {
  /// What is known of the operation without running it.
  var traits: OperationTraits {
    switch self {
    case .convolution(let geometry, let algorithm): .convolution("conv", .forward, geometry, algorithm)
    case .convolutionBackwardData(let geometry, let algorithm):
      .convolution("conv backward data", .backwardData, geometry, algorithm, overwrites: [1])
    case .convolutionBackwardWeights(let geometry, let algorithm):
      .convolution("conv backward weights", .backwardWeights, geometry, algorithm)
    // The input gradient of the convolution whose transpose it is.
    case .transposedConvolution(let geometry, let algorithm):
      .convolution("transposed conv", .backwardData, geometry, algorithm)
    case .transposedConvolutionBackwardWeights(let geometry, let algorithm):
      .convolution("transposed conv backward weights", .backwardWeights, geometry, algorithm)
    case .filter(let geometry): .products("filter", geometry.multiplyAdds)
    case .filterBackward(let geometry): .products("filter backward", geometry.multiplyAdds)
    case .dense(let inputs, let outputs): .products("dense", inputs * outputs)
    case .denseBackwardData(let inputs, let outputs): .products("dense backward data", inputs * outputs)
    case .denseBackwardWeights(let inputs, let outputs): .products("dense backward weights", inputs * outputs)
    case .biasGradient: .little("bias gradient")
    case .maxPooling: .little("max-pool")
    case .maxPoolingBackward: .little("max-pool backward")
    case .resample: .little("resample")
    case .powerPooling: .little("lp-pool")
    case .powerPoolingBackward: .little("lp-pool backward")
    case .globalAveragePooling: .little("global-average-pool")
    case .globalAveragePoolingBackward: .little("global-average-pool backward")
    case .activation(let function, _): .little(function.kind, overwrites: [0])
    // What came last from the instruction before is nearer.
    case .activationBackward(let function, _): .little("\(function.kind) backward", overwrites: [1, 0])
    case .prelu: .little("prelu", overwrites: [0])
    case .preluBackwardData: .little("prelu backward data", overwrites: [1, 0])
    case .preluBackwardWeights: .little("prelu backward weights")
    case .softmax: .little("softmax")
    case .softmaxBackward: .little("softmax backward")
    // The residual, if any, comes second.
    case .batchNormalization(_, _, _, let tail): .little("batch-norm\(tail.name)", overwrites: [1, 0])
    case .batchNormalizationBackward: .little("batch-norm backward", overwrites: [1, 0])
    case .batchNormalizationEvaluation(_, _, _, let tail):
      .little("batch-norm (running)\(tail.name)", overwrites: [1, 0])
    case .batchNormalizationEvaluationBackwardData: .little("batch-norm (running) backward data", overwrites: [0])
    case .batchNormalizationEvaluationBackwardWeights: .little("batch-norm (running) backward weights")
    case .groupNormalization: .little("group-norm")
    case .groupNormalizationBackward: .little("group-norm backward")
    case .localResponse: .little("local-response-norm")
    case .localResponseBackward: .little("local-response-norm backward")
    case .dropout: .little("dropout", overwrites: [0])
    case .dropoutBackward: .little("dropout backward", overwrites: [0])
    case .transpose: .little("transpose")
    case .shift: .little("shift")
    case .add: .little("add", overwrites: [0, 1])
    case .multiply: .little("multiply", overwrites: [0, 1])
    case .gate: .little("gate")
    case .gateBackward: .little("gate backward")
    case .channelScale: .little("channel scale")
    case .channelScaleBackwardWeights: .little("channel scale backward weights")
    case .concatenate: .little("concat")
    case .extract: .little("concat backward")
    case .loss(let term): .little(term.loss.kind)
    case .bucketComplete(let bucket): .little("bucket \(bucket) complete")
    }
  }
}

extension FilterGeometry {
  /// Multiply-add pairs for one sample.
  fileprivate var multiplyAdds: Int { output.count * window.kernel.count }
}
