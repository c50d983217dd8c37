import Network

extension Operation {
  /// The word for the kind of operation in tables and profiles.
  package var kind: String {
    switch self {
    case .convolution(_, let algorithm): "conv \(algorithm.name)"
    case .convolutionBackwardData(_, let algorithm): "conv backward data \(algorithm.name)"
    case .convolutionBackwardWeights(_, let algorithm): "conv backward weights \(algorithm.name)"
    case .transposedConvolution: "transposed conv"
    case .transposedConvolutionBackwardWeights: "transposed conv backward weights"
    case .filter: "filter"
    case .filterBackward: "filter backward"
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

  /// Multiply-add pairs for one sample; zero where bytes, not arithmetic, set the time.
  package var multiplyAdds: Int {
    switch self {
    case .convolution(let geometry, _), .convolutionBackwardData(let geometry, _),
      .convolutionBackwardWeights(let geometry, _), .transposedConvolution(let geometry, _),
      .transposedConvolutionBackwardWeights(let geometry, _):
      geometry.multiplyAdds
    case .filter(let geometry), .filterBackward(let geometry): geometry.output.count * geometry.window.kernel.count
    case .dense(let inputs, let outputs), .denseBackwardData(let inputs, let outputs),
      .denseBackwardWeights(let inputs, let outputs):
      inputs * outputs
    default: 0
    }
  }
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
}
