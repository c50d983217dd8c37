import Network
package import Operators

extension Operation {
  /// The word for the kind of operation in tables and profiles: its name, with the algorithm if there is a choice.
  package var kind: String { convolution.map { "\(name) \($0.algorithm.name)" } ?? name }

  /// The word for the operation, whatever its algorithm.
  package var name: String {
    switch self {
    case .convolution: "conv"
    case .convolutionBackwardData: "conv backward data"
    case .convolutionBackwardWeights: "conv backward weights"
    case .transposedConvolution: "transposed conv"
    case .transposedConvolutionBackwardWeights: "transposed conv backward weights"
    case .filter: "filter"
    case .filterBackward: "filter backward"
    case .biasGradient: "bias gradient"
    case .dense: "dense"
    case .denseBackwardData: "dense backward data"
    case .denseBackwardWeights: "dense backward weights"
    case .maxPooling: "max-pool"
    case .maxPoolingBackward: "max-pool backward"
    case .resample: "resample"
    case .powerPooling: "lp-pool"
    case .powerPoolingBackward: "lp-pool backward"
    case .globalAveragePooling: "global-average-pool"
    case .globalAveragePoolingBackward: "global-average-pool backward"
    case .activation(let function, _): function.kind
    case .activationBackward(let function, _): "\(function.kind) backward"
    case .softmax: "softmax"
    case .softmaxBackward: "softmax backward"
    case .batchNormalization(_, _, _, let tail): "batch-norm\(tail.name)"
    case .batchNormalizationBackward: "batch-norm backward"
    case .batchNormalizationEvaluation(_, _, _, let tail): "batch-norm (running)\(tail.name)"
    case .batchNormalizationEvaluationBackwardData: "batch-norm (running) backward data"
    case .batchNormalizationEvaluationBackwardWeights: "batch-norm (running) backward weights"
    case .groupNormalization: "group-norm"
    case .groupNormalizationBackward: "group-norm backward"
    case .localResponse: "local-response-norm"
    case .localResponseBackward: "local-response-norm backward"
    case .dropout: "dropout"
    case .dropoutBackward: "dropout backward"
    case .transpose: "transpose"
    case .shift: "shift"
    case .add: "add"
    case .multiply: "multiply"
    case .gate: "gate"
    case .gateBackward: "gate backward"
    case .channelScale: "channel scale"
    case .channelScaleBackwardWeights: "channel scale backward weights"
    case .concatenate: "concat"
    case .extract: "concat backward"
    case .loss(let term): term.loss.kind
    case .bucketComplete(let bucket): "bucket \(bucket) complete"
    }
  }

  /// The pass of a convolution that this is; nil for what is none. A transposed convolution is the input gradient of
  /// the convolution whose transpose it is.
  package var convolution: ConvolutionWork? {
    guard case .convolution(let work) = arithmetic else { return nil }
    return work
  }

  /// Multiply-add pairs for one sample; zero where bytes, not arithmetic, set the time.
  package var multiplyAdds: Int {
    switch arithmetic {
    case .convolution(let work): work.geometry.multiplyAdds
    case .products(let count): count
    case .little: 0
    }
  }

  /// What sets the time of an operation.
  private enum Arithmetic {
    case convolution(ConvolutionWork)
    /// So many multiply-add pairs for one sample.
    case products(Int)
    /// Bytes, not arithmetic.
    case little
  }

  private var arithmetic: Arithmetic {
    switch self {
    case .convolution(let geometry, let algorithm):
      .convolution(ConvolutionWork(pass: .forward, geometry: geometry, algorithm: algorithm))
    case .convolutionBackwardData(let geometry, let algorithm), .transposedConvolution(let geometry, let algorithm):
      .convolution(ConvolutionWork(pass: .backwardData, geometry: geometry, algorithm: algorithm))
    case .convolutionBackwardWeights(let geometry, let algorithm),
      .transposedConvolutionBackwardWeights(let geometry, let algorithm):
      .convolution(ConvolutionWork(pass: .backwardWeights, geometry: geometry, algorithm: algorithm))
    case .filter(let geometry), .filterBackward(let geometry):
      .products(geometry.output.count * geometry.window.kernel.count)
    case .dense(let inputs, let outputs), .denseBackwardData(let inputs, let outputs),
      .denseBackwardWeights(let inputs, let outputs):
      .products(inputs * outputs)
    case .maxPooling, .maxPoolingBackward, .resample, .powerPooling, .powerPoolingBackward, .globalAveragePooling,
      .globalAveragePoolingBackward, .activation, .activationBackward, .softmax, .softmaxBackward, .batchNormalization,
      .batchNormalizationBackward, .batchNormalizationEvaluation, .batchNormalizationEvaluationBackwardData,
      .batchNormalizationEvaluationBackwardWeights, .groupNormalization, .groupNormalizationBackward, .localResponse,
      .localResponseBackward, .dropout, .dropoutBackward, .transpose, .shift, .add, .multiply, .gate, .gateBackward,
      .channelScale, .channelScaleBackwardWeights, .concatenate, .extract, .biasGradient, .loss, .bucketComplete:
      .little
    }
  }
}

/// One pass of a convolution, and how it is computed.
package struct ConvolutionWork: Hashable, Sendable {
  /// Which of the three passes.
  package var pass: ConvolutionPass
  /// The convolution.
  package var geometry: ConvolutionGeometry
  /// How it is computed.
  package var algorithm: ConvolutionAlgorithm
}

extension NormalizationTail {
  /// What is done on the way, for tables.
  fileprivate var name: String { (addsResidual ? " + add" : "") + (relu ? " + relu" : "") }
}

extension Program {
  /// Floating-point operations for one sample: two per multiply-add.
  package var flops: Int { instructions.reduce(0) { $0 + 2 * $1.operation.multiplyAdds } }

  /// Those of them that compute something a second time.
  package var recomputedFlops: Int {
    instructions.filter { $0.pass == .recomputation }.reduce(0) { $0 + 2 * $1.operation.multiplyAdds }
  }

  /// Floating-point operations of an instruction for the whole micro-batch. Those of a convolution are counted as for
  /// the direct sum, whatever its algorithm.
  package func flops(of instruction: Instruction) -> Int { 2 * instruction.operation.multiplyAdds * batch }

  /// Bytes that an instruction has to read and write at least for the whole micro-batch: each of its slots, parameters
  /// and statistics once. Its scratch, which it may keep in the caches, and the labels do not count.
  package func bytes(of instruction: Instruction, layout: FlatLayout) -> Int {
    4 * (slotElements(of: instruction) + flatElements(of: instruction, layout: layout))
  }

  /// The elements of the slots, which grow with the micro-batch. A slot that is read twice by an instruction is read
  /// once.
  func slotElements(of instruction: Instruction) -> Int {
    let written = instruction.writes.reduce(0) { $0 + self[$1].count }
    // The gradient of one branch is a part of the gradient of all.
    if case .extract = instruction.operation { return 2 * written }
    return written + Set(instruction.reads).reduce(0) { $0 + self[$1].count }
  }

  /// The elements of the flat buffers, which do not.
  func flatElements(of instruction: Instruction, layout: FlatLayout) -> Int {
    let parameters = (instruction.parameters + instruction.writtenGradients).reduce(0) { $0 + layout[$1].range.count }
    let statistics = instruction.statistics.map { layout[$0].mean.count + layout[$0].variance.count } ?? 0
    return parameters + statistics
  }
}
