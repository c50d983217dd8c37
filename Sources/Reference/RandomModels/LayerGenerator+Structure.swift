import Network
import Operators
import Randomness

/// Normalizations, and layers that move, drop or scale.
extension BodyGenerator {
  /// A normalization of the given kind.
  mutating func normalization(_ kind: String) -> Layer {
    switch kind {
    case "batch-norm": .batchNormalization(batchNormalization())
    case "group-norm": .groupNormalization(groupNormalization())
    case "instance-norm": .instanceNormalization(instanceNormalization())
    case "layer-norm": .layerNormalization(layerNormalization())
    case "local-response-norm": .localResponseNormalization(localResponse())
    default: preconditionFailure("the generator does not know the normalization '\(kind)'")
    }
  }

  /// Small only where many values share a mean: two alone are normalised to ±1, and the gradient is nothing
  /// but rounding.
  private mutating func epsilon(sharing count: Int) -> Double {
    stream.pick(count < 8 ? [0.1, 0.5] : [1e-5, 1e-3, 0.1])
  }

  private mutating func batchNormalization() -> BatchNormalizationLayer {
    var layer = BatchNormalizationLayer()
    layer.epsilon = epsilon(sharing: shape.positions)
    layer.momentum = stream.pick([0.1, 0.25, 1])
    layer.initialScale = stream.pick([1, 1, 0.5, 1.5])
    return layer
  }

  private mutating func groupNormalization() -> GroupNormalizationLayer {
    var layer = GroupNormalizationLayer()
    layer.groups = stream.pick((1...shape.channels).filter { shape.channels % $0 == 0 })
    layer.epsilon = epsilon(sharing: shape.count / layer.groups)
    layer.affine = !stream.oneIn(3)
    if layer.affine { layer.initialScale = stream.pick([1, 1, 0.5, 1.5]) }
    return layer
  }

  private mutating func instanceNormalization() -> InstanceNormalizationLayer {
    var layer = InstanceNormalizationLayer()
    layer.epsilon = epsilon(sharing: shape.positions)
    layer.affine = stream.oneIn(2)
    return layer
  }

  private mutating func layerNormalization() -> LayerNormalizationLayer {
    var layer = LayerNormalizationLayer()
    layer.epsilon = epsilon(sharing: shape.channels)
    layer.affine = stream.oneIn(2)
    return layer
  }

  private mutating func localResponse() -> LocalResponseNormalizationLayer {
    var layer = LocalResponseNormalizationLayer()
    layer.size = stream.pick(1...6)
    layer.alpha = stream.pick([1e-4, 0.1, 1])
    layer.beta = stream.pick([0.5, 0.75, 1])
    layer.k = stream.pick([1, 2])
    return layer
  }

  /// A layer that moves, drops or scales.
  mutating func structure(_ kind: String) -> Layer {
    switch kind {
    case "identity": .identity(IdentityLayer())
    case "flatten": .flatten(FlattenLayer())
    case "reshape": .reshape(reshape())
    case "zero-pad": .zeroPadding(zeroPadding())
    case "crop": .crop(crop())
    case "upsample": .upsampling(upsampling())
    case "channel-shuffle": .channelShuffle(channelShuffle())
    case "layer-scale": .layerScale(layerScale())
    case "dropout": .dropout(DropoutLayer(stream.rate()))
    case "spatial-dropout": .spatialDropout(spatialDropout())
    case "stochastic-depth": .stochasticDepth(stochasticDepth())
    default: preconditionFailure("the generator does not know the layer '\(kind)'")
    }
  }

  /// Another shape of the same count.
  private mutating func reshape() -> ReshapeLayer {
    var layer = ReshapeLayer()
    let channels = divisor(of: shape.count)
    let height = divisor(of: shape.count / channels)
    layer.shape = Shape(channels: channels, height: height, width: shape.count / channels / height)
    return layer
  }

  private mutating func divisor(of count: Int) -> Int { stream.pick((1...count).filter { count % $0 == 0 }) }

  private mutating func zeroPadding() -> ZeroPaddingLayer {
    var layer = ZeroPaddingLayer()
    layer.padding = padding(0...3)
    return layer
  }

  private mutating func crop() -> CropLayer {
    var layer = CropLayer()
    layer.edges = padding(0...2)
    return layer
  }

  private mutating func upsampling() -> UpsamplingLayer {
    var layer = UpsamplingLayer()
    layer.scale = stream.extent(1...3)
    layer.mode = stream.pick(UpsamplingLayer.Mode.allCases)
    layer.alignCorners = layer.mode == .bilinear && stream.oneIn(2)
    return layer
  }

  private mutating func channelShuffle() -> ChannelShuffleLayer {
    var layer = ChannelShuffleLayer()
    layer.groups = divisor(of: shape.channels)
    return layer
  }

  private mutating func layerScale() -> LayerScaleLayer {
    var layer = LayerScaleLayer()
    layer.initial = stream.pick([0.5, 0.75, 1])
    return layer
  }

  private mutating func spatialDropout() -> SpatialDropoutLayer {
    var layer = SpatialDropoutLayer()
    layer.rate = stream.rate()
    return layer
  }

  private mutating func stochasticDepth() -> StochasticDepthLayer {
    var layer = StochasticDepthLayer()
    layer.rate = stream.rate()
    return layer
  }
}
