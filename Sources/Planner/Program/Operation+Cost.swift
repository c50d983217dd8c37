import Network

extension Operation {
  /// The word for the kind of operation in tables and profiles.
  package var kind: String {
    switch self {
    case .convolution(let geometry, _): geometry.isPointwise ? "conv 1×1" : "conv im2col"
    case .convolutionBackwardData: "conv backward data"
    case .convolutionBackwardWeights: "conv backward weights"
    case .dense: "dense"
    case .denseBackwardData: "dense backward data"
    case .denseBackwardWeights: "dense backward weights"
    case .maxPooling: "max-pool"
    case .maxPoolingBackward: "max-pool backward"
    case .averagePooling: "average-pool"
    case .averagePoolingBackward: "average-pool backward"
    case .globalAveragePooling: "global-average-pool"
    case .globalAveragePoolingBackward: "global-average-pool backward"
    case .activation(let function, _): function.rawValue
    case .activationBackward(let function, _): "\(function.rawValue) backward"
    case .softmax: "softmax"
    case .softmaxBackward: "softmax backward"
    case .batchNormalization: "batch-norm"
    case .batchNormalizationBackward: "batch-norm backward"
    case .batchNormalizationEvaluation: "batch-norm (running)"
    case .dropout: "dropout"
    case .dropoutBackward: "dropout backward"
    case .flatten: "flatten"
    case .flattenBackward: "flatten backward"
    case .add: "add"
    case .concatenate: "concat"
    case .extract: "concat backward"
    case .crossEntropy: "cross-entropy"
    case .crossEntropyBackward: "cross-entropy backward"
    case .bucketComplete(let bucket): "bucket \(bucket) complete"
    }
  }

  /// Multiply-add pairs for one sample; zero where bytes, not arithmetic, set the time.
  package var multiplyAdds: Int {
    switch self {
    case .convolution(let geometry, _), .convolutionBackwardData(let geometry, _),
      .convolutionBackwardWeights(let geometry, _):
      geometry.multiplyAdds
    case .dense(let inputs, let outputs), .denseBackwardData(let inputs, let outputs),
      .denseBackwardWeights(let inputs, let outputs):
      inputs * outputs
    default: 0
    }
  }
}

extension Program {
  /// Floating-point operations for one sample: two per multiply-add.
  package var flops: Int { instructions.reduce(0) { $0 + 2 * $1.operation.multiplyAdds } }
}
