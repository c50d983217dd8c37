package import Operators
package import StrictYAML

/// A leaf of the model tree: one layer of the field, as plain data.
package enum Layer: YAMLChoice {
  case convolution(ConvolutionLayer)
  case transposedConvolution(TransposedConvolutionLayer)
  case filter(FilterLayer)
  case dense(DenseLayer)
  case batchNormalization(BatchNormalizationLayer)
  case groupNormalization(GroupNormalizationLayer)
  case instanceNormalization(InstanceNormalizationLayer)
  case layerNormalization(LayerNormalizationLayer)
  case localResponseNormalization(LocalResponseNormalizationLayer)
  case maxPooling(MaxPoolingLayer)
  case averagePooling(AveragePoolingLayer)
  case adaptiveAveragePooling(AdaptiveAveragePoolingLayer)
  case powerPooling(PowerPoolingLayer)
  case gaussianPooling(GaussianPoolingLayer)
  case globalAveragePooling(GlobalAveragePoolingLayer)
  case globalMaxPooling(GlobalMaxPoolingLayer)
  case activation(ActivationFunction)
  case softmax(SoftmaxLayer)
  case dropout(DropoutLayer)
  case spatialDropout(SpatialDropoutLayer)
  case stochasticDepth(StochasticDepthLayer)
  case flatten(FlattenLayer)
  case identity(IdentityLayer)
  case reshape(ReshapeLayer)
  case zeroPadding(ZeroPaddingLayer)
  case crop(CropLayer)
  case upsampling(UpsamplingLayer)
  case channelShuffle(ChannelShuffleLayer)
  case layerScale(LayerScaleLayer)

  package static let subject = "layer"

  package static let alternatives: [Alternative<Layer>] = kinds.map(\.alternative)

  /// The word for the layer's kind in YAML and in tables.
  package var kind: String { alternative(.brief).name }

  /// The layer's keys, with what it says about itself.
  package var record: any LayerDescription {
    switch self {
    case .convolution(let layer): layer
    case .transposedConvolution(let layer): layer
    case .filter(let layer): layer
    case .dense(let layer): layer
    case .batchNormalization(let layer): layer
    case .groupNormalization(let layer): layer
    case .instanceNormalization(let layer): layer
    case .layerNormalization(let layer): layer
    case .localResponseNormalization(let layer): layer
    case .maxPooling(let layer): layer
    case .averagePooling(let layer): layer
    case .adaptiveAveragePooling(let layer): layer
    case .powerPooling(let layer): layer
    case .gaussianPooling(let layer): layer
    case .globalAveragePooling(let layer): layer
    case .globalMaxPooling(let layer): layer
    case .activation: ActivationLayer()
    case .softmax(let layer): layer
    case .dropout(let layer): layer
    case .spatialDropout(let layer): layer
    case .stochasticDepth(let layer): layer
    case .flatten(let layer): layer
    case .identity(let layer): layer
    case .reshape(let layer): layer
    case .zeroPadding(let layer): layer
    case .crop(let layer): layer
    case .upsampling(let layer): layer
    case .channelShuffle(let layer): layer
    case .layerScale(let layer): layer
    }
  }
}
