package import StrictYAML

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
    + [kind("softmax", "softmax over the channels", SoftmaxLayer.self) { .softmax($0) }] + structures

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
