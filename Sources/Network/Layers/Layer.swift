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
  case prelu(PReLULayer)
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
    case .prelu(let layer): layer
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

/// One kind of layer: how it is written, and what a reader wants to know of it.
package struct LayerKind: Sendable {
  /// The word, the keys and their defaults; what decodes the layer.
  package let alternative: Alternative<Layer>
  /// Formula, shapes, parameters, work and source.
  package let notes: LayerNotes
}

extension Layer {
  /// All kinds, in the order in which they are documented.
  package static let kinds: [LayerKind] =
    [
      kind("convolution", "convolution over height and width", ConvolutionLayer.self) { .convolution($0) },
      kind("transposed-convolution", "the transpose of a convolution", TransposedConvolutionLayer.self) {
        .transposedConvolution($0)
      },
      kind("filter", "fixed filters over each channel", FilterLayer.self) { .filter($0) },
      kind("dense", "fully connected layer", DenseLayer.self) { .dense($0) },
    ] + poolings + normalizations + activationKinds
    + [
      kind("prelu", "rectifier whose slope below 0 is trained", PReLULayer.self) { .prelu($0) },
      kind("softmax", "softmax over the channels", SoftmaxLayer.self) { .softmax($0) },
    ] + structures

  private static let poolings: [LayerKind] = [
    kind("max-pool", "largest value of each window", MaxPoolingLayer.self) { .maxPooling($0) },
    kind("average-pool", "mean of each window", AveragePoolingLayer.self) { .averagePooling($0) },
    kind("adaptive-average-pool", "means over a fixed number of windows", AdaptiveAveragePoolingLayer.self) {
      .adaptiveAveragePooling($0)
    },
    kind("lp-pool", "L^p norm of each window", PowerPoolingLayer.self) { .powerPooling($0) },
    kind("gaussian-pool", "distance-weighted mean of each window", GaussianPoolingLayer.self) { .gaussianPooling($0) },
    kind("global-average-pool", "mean over all positions", GlobalAveragePoolingLayer.self) {
      .globalAveragePooling($0)
    },
    kind("global-max-pool", "largest value over all positions", GlobalMaxPoolingLayer.self) { .globalMaxPooling($0) },
  ]

  private static let normalizations: [LayerKind] = [
    kind("batch-norm", "normalization over the micro-batch", BatchNormalizationLayer.self) { .batchNormalization($0) },
    kind("group-norm", "normalization over groups of channels", GroupNormalizationLayer.self) {
      .groupNormalization($0)
    },
    kind("layer-norm", "normalization over the channels at each position", LayerNormalizationLayer.self) {
      .layerNormalization($0)
    },
    kind("instance-norm", "normalization of each channel of a sample", InstanceNormalizationLayer.self) {
      .instanceNormalization($0)
    },
    kind("local-response-norm", "division by the power of neighbouring channels", LocalResponseNormalizationLayer.self)
    {
      .localResponseNormalization($0)
    },
  ]

  private static let structures: [LayerKind] = [
    kind("identity", "passes its input on", IdentityLayer.self) { .identity($0) },
    kind("flatten", "channels × height × width to a vector, channel first", FlattenLayer.self) { .flatten($0) },
    kind("reshape", "the same values in another shape, channel first", ReshapeLayer.self) { .reshape($0) },
    kind("zero-pad", "zeros round the image", ZeroPaddingLayer.self) { .zeroPadding($0) },
    kind("crop", "cuts off the edges of the image", CropLayer.self) { .crop($0) },
    kind("upsample", "a larger image by repeating or interpolating pixels", UpsamplingLayer.self) { .upsampling($0) },
    kind("channel-shuffle", "exchanges channels between groups", ChannelShuffleLayer.self) { .channelShuffle($0) },
    kind("layer-scale", "one trainable factor for each channel", LayerScaleLayer.self) { .layerScale($0) },
    kind("dropout", "drops elements at random while training", DropoutLayer.self) { .dropout($0) },
    kind("spatial-dropout", "drops channels at random while training", SpatialDropoutLayer.self) {
      .spatialDropout($0)
    },
    kind("stochastic-depth", "drops samples at random while training", StochasticDepthLayer.self) {
      .stochasticDepth($0)
    },
  ]

  private static func kind<Record: LayerDescription>(
    _ name: String, _ summary: String, _ record: Record.Type, _ embed: @escaping @Sendable (Record) -> Layer
  ) -> LayerKind {
    LayerKind(
      alternative: Alternative(name, summary, record, embed: embed) { $0.record as? Record }, notes: Record.notes)
  }
}
