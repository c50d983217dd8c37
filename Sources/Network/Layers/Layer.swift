package import StrictYAML

/// A leaf of the model tree: one layer of the field, as plain data.
package enum Layer: YAMLChoice {
  case convolution(ConvolutionLayer)
  case dense(DenseLayer)
  case batchNormalization(BatchNormalizationLayer)
  case maxPooling(MaxPoolingLayer)
  case averagePooling(AveragePoolingLayer)
  case globalAveragePooling(GlobalAveragePoolingLayer)
  case activation(ActivationFunction)
  case softmax(SoftmaxLayer)
  case dropout(DropoutLayer)
  case flatten(FlattenLayer)
  case identity(IdentityLayer)

  package static let subject = "layer"

  package static let alternatives: [Alternative<Layer>] =
    [
      Alternative("convolution", "convolution over height and width", ConvolutionLayer.self) {
        .convolution($0)
      } extract: {
        if case .convolution(let layer) = $0 { layer } else { nil }
      },
      Alternative("dense", "fully connected layer", DenseLayer.self) {
        .dense($0)
      } extract: {
        if case .dense(let layer) = $0 { layer } else { nil }
      },
      Alternative("batch-norm", "normalization over the micro-batch", BatchNormalizationLayer.self) {
        .batchNormalization($0)
      } extract: {
        if case .batchNormalization(let layer) = $0 { layer } else { nil }
      },
      Alternative("max-pool", "largest value of each window", MaxPoolingLayer.self) {
        .maxPooling($0)
      } extract: {
        if case .maxPooling(let layer) = $0 { layer } else { nil }
      },
      Alternative("average-pool", "mean of each window", AveragePoolingLayer.self) {
        .averagePooling($0)
      } extract: {
        if case .averagePooling(let layer) = $0 { layer } else { nil }
      },
      Alternative("global-average-pool", "mean over all positions", GlobalAveragePoolingLayer.self) {
        .globalAveragePooling($0)
      } extract: {
        if case .globalAveragePooling(let layer) = $0 { layer } else { nil }
      },
      Alternative("softmax", "softmax over the channels", SoftmaxLayer.self) {
        .softmax($0)
      } extract: {
        if case .softmax(let layer) = $0 { layer } else { nil }
      },
      Alternative("dropout", "drops elements at random while training", DropoutLayer.self) {
        .dropout($0)
      } extract: {
        if case .dropout(let layer) = $0 { layer } else { nil }
      },
      Alternative("flatten", "channels × height × width to a vector, channel first", FlattenLayer.self) {
        .flatten($0)
      } extract: {
        if case .flatten(let layer) = $0 { layer } else { nil }
      },
      Alternative("identity", "passes its input on", IdentityLayer.self) {
        .identity($0)
      } extract: {
        if case .identity(let layer) = $0 { layer } else { nil }
      },
    ]
    + ActivationFunction.allCases.map { function in
      Alternative(function.rawValue, "element-wise \(function.rawValue)", ActivationLayer.self) { _ in
        .activation(function)
      } extract: {
        $0 == .activation(function) ? ActivationLayer() : nil
      }
    }

  /// The word for the layer's kind in YAML and in tables.
  package var kind: String { alternative.name }

  /// What the layer says about itself.
  package var description: any LayerDescription {
    switch self {
    case .convolution(let layer): layer
    case .dense(let layer): layer
    case .batchNormalization(let layer): layer
    case .maxPooling(let layer): layer
    case .averagePooling(let layer): layer
    case .globalAveragePooling(let layer): layer
    case .activation: ActivationLayer()
    case .softmax(let layer): layer
    case .dropout(let layer): layer
    case .flatten(let layer): layer
    case .identity(let layer): layer
    }
  }
}
