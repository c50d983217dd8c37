import Network
import Operators
import Randomness
import StrictYAML
import TestSupport

/// Random settings of every kind of layer, and the geometries at which mistakes hide.
enum OperatorCases {
  typealias Maker = @Sendable (Shape, inout RandomStream) -> Layer

  /// How each kind of layer is drawn for an input; what is drawn need not fit it.
  static let makers: [String: Maker] = convolutions.merging(poolings) { $1 }.merging(normalizations) { $1 }
    .merging(activations) { $1 }.merging(structures) { $1 }

  /// A layer of the given kind with an input that it fits: small and odd sizes, single pixels, channels and rows.
  static func layer(_ kind: String, seed: UInt64) -> (layer: Layer, input: Shape)? {
    guard let maker = makers[kind] else { return nil }
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of(kind))
    for _ in 0..<1_000 {
      let isVector = kind == "dense"
      let input = Shape(
        channels: stream.pick([1, 2, 3, 4, 6]), height: isVector ? 1 : stream.pick([1, 1, 2, 3, 4, 5]),
        width: isVector ? 1 : stream.pick([1, 2, 3, 4, 5, 7]))
      let layer = maker(input, &stream)
      guard layer.record.problem() == nil, (try? layer.record.output(for: input)) != nil else { continue }
      return (layer, input)
    }
    return nil
  }

  private static let convolutions: [String: Maker] = [
    "convolution": { input, stream in
      .convolution(
        made(ConvolutionLayer()) {
          $0.groups = stream.oneIn(4) ? .depthwise : .count(stream.pick(divisors(of: input.channels)))
          $0.channels = $0.groups.count(inputs: input.channels) * stream.pick(1...3)
          $0.kernel = stream.extent(1...4)
          $0.stride = stream.extent(1...3)
          $0.dilation = stream.extent(1...2)
          $0.padding = stream.oneIn(4) ? .same : .fixed(stream.padding(0...3))
          $0.bias = stream.oneIn(2)
        })
    },
    "transposed-convolution": { input, stream in
      .transposedConvolution(
        made(TransposedConvolutionLayer()) {
          $0.groups = stream.oneIn(4) ? .depthwise : .count(stream.pick(divisors(of: input.channels)))
          $0.channels = $0.groups.count(inputs: input.channels) * stream.pick(1...3)
          $0.kernel = stream.extent(1...4)
          $0.stride = stream.extent(1...3)
          $0.dilation = stream.extent(1...2)
          $0.padding = stream.padding(0...2)
          $0.outputPadding = stream.extent(0...2)
          $0.bias = stream.oneIn(2)
        })
    },
    "filter": { input, stream in
      .filter(
        made(FilterLayer()) {
          var own = OwnFilters()
          own.values = [[[1, -2], [0.5, 3], [-1, 0.25]], [[0, 1], [2, -1], [4, -0.5]]]
          $0.kernel = stream.pick([
            .sobel, .laplacian, .gaussian(GaussianFilter()), .box(BoxFilter()), .kirsch, .robinson, .prewitt,
            .weights(own),
          ])
          $0.stride = stream.extent(1...2)
          $0.dilation = stream.extent(1...2)
          $0.padding = stream.oneIn(2) ? .same : .fixed(stream.padding(0...3))
        })
    },
    "dense": { input, stream in
      .dense(
        made(DenseLayer(stream.pick(1...4))) { $0.bias = stream.oneIn(2) })
    },
  ]

  private static let poolings: [String: Maker] = [
    "max-pool": { input, stream in
      .maxPooling(
        made(MaxPoolingLayer()) {
          $0.kernel = stream.extent(1...3)
          $0.stride = stream.oneIn(2) ? nil : stream.extent(1...4)
          $0.padding = stream.extent(0...1)
          $0.dilation = stream.extent(1...2)
          $0.ceil = stream.oneIn(2)
        })
    },
    "average-pool": { input, stream in
      .averagePooling(
        made(AveragePoolingLayer()) {
          $0.kernel = stream.extent(1...3)
          $0.stride = stream.oneIn(2) ? nil : stream.extent(1...4)
          $0.padding = stream.extent(0...1)
          $0.includePadding = stream.oneIn(2)
          $0.ceil = stream.oneIn(2)
        })
    },
    "adaptive-average-pool": { input, stream in
      .adaptiveAveragePooling(made(AdaptiveAveragePoolingLayer()) { $0.size = stream.extent(1...5) })
    },
    "lp-pool": { input, stream in
      .powerPooling(
        made(PowerPoolingLayer()) {
          $0.kernel = stream.extent(1...3)
          $0.stride = stream.oneIn(2) ? nil : stream.extent(1...4)
          $0.exponent = stream.pick([1, 1.5, 2, 3, 4.5])
          $0.ceil = stream.oneIn(2)
        })
    },
    "gaussian-pool": { input, stream in
      .gaussianPooling(
        made(GaussianPoolingLayer()) {
          $0.kernel = stream.extent(1...4)
          $0.stride = stream.extent(1...3)
          $0.padding = stream.extent(0...2)
          $0.deviation = stream.pick([0.5, 1, 2])
        })
    },
    "global-average-pool": { _, _ in .globalAveragePooling(GlobalAveragePoolingLayer()) },
    "global-max-pool": { _, _ in .globalMaxPooling(GlobalMaxPoolingLayer()) },
  ]

  private static let normalizations: [String: Maker] = [
    "batch-norm": { _, _ in .batchNormalization(BatchNormalizationLayer()) },
    "group-norm": { input, stream in
      .groupNormalization(
        made(GroupNormalizationLayer()) {
          $0.groups = stream.pick(divisors(of: input.channels))
          $0.affine = !stream.oneIn(3)
        })
    },
    "instance-norm": { _, stream in
      .instanceNormalization(made(InstanceNormalizationLayer()) { $0.affine = stream.oneIn(2) })
    },
    "layer-norm": { _, stream in
      .layerNormalization(made(LayerNormalizationLayer()) { $0.affine = stream.oneIn(2) })
    },
    "local-response-norm": { _, stream in
      .localResponseNormalization(
        made(LocalResponseNormalizationLayer()) {
          $0.size = stream.pick(1...5)
          $0.alpha = stream.pick([1e-4, 0.5, 2])
          $0.beta = stream.pick([0.5, 0.75, 2])
          $0.k = stream.pick([0.5, 1, 2])
        })
    },
  ]

  private static let activations: [String: Maker] = [
    "relu": { _, _ in .activation(.relu) },
    "relu6": { _, _ in .activation(.relu6) },
    "leaky-relu": { _, stream in .activation(.leakyReLU(slope: stream.pick([0, 0.01, 0.5]))) },
    "elu": { _, stream in .activation(.elu(alpha: stream.pick([0, 1, 1.75]))) },
    "sigmoid": { _, _ in .activation(.sigmoid) },
    "tanh": { _, _ in .activation(.tanh) },
    "gelu": { _, stream in .activation(.gelu(stream.pick(GELUForm.allCases))) },
    "silu": { _, _ in .activation(.silu) },
    "hard-sigmoid": { _, _ in .activation(.hardSigmoid) },
    "hard-swish": { _, _ in .activation(.hardSwish) },
    "softplus": { _, stream in .activation(.softplus(beta: stream.pick([0.5, 1, 3]))) },
    "softmax": { _, _ in .softmax(SoftmaxLayer()) },
  ]

  private static let structures: [String: Maker] = [
    "identity": { _, _ in .identity(IdentityLayer()) },
    "flatten": { _, _ in .flatten(FlattenLayer()) },
    "reshape": { input, stream in
      .reshape(
        made(ReshapeLayer()) {
          let channels = stream.pick(divisors(of: input.count))
          let height = stream.pick(divisors(of: input.count / channels))
          $0.shape = Shape(channels: channels, height: height, width: input.count / channels / height)
        })
    },
    "zero-pad": { _, stream in .zeroPadding(made(ZeroPaddingLayer()) { $0.padding = stream.padding(0...3) }) },
    "crop": { _, stream in .crop(made(CropLayer()) { $0.edges = stream.padding(0...2) }) },
    "upsample": { _, stream in
      .upsampling(
        made(UpsamplingLayer()) {
          $0.scale = stream.extent(1...3)
          $0.mode = stream.pick(UpsamplingLayer.Mode.allCases)
          $0.alignCorners = $0.mode == .bilinear && stream.oneIn(2)
        })
    },
    "channel-shuffle": { input, stream in
      .channelShuffle(made(ChannelShuffleLayer()) { $0.groups = stream.pick(divisors(of: input.channels)) })
    },
    "prelu": { _, stream in
      .prelu(
        made(PReLULayer()) {
          $0.shared = stream.oneIn(2)
          $0.initial = stream.pick([-0.5, 0, 0.25, 1.5])
        })
    },
    "layer-scale": { _, _ in .layerScale(LayerScaleLayer()) },
    "dropout": { _, _ in .dropout(DropoutLayer(0.4)) },
    "spatial-dropout": { _, _ in .spatialDropout(made(SpatialDropoutLayer()) { $0.rate = 0.4 }) },
    "stochastic-depth": { _, _ in .stochasticDepth(made(StochasticDepthLayer()) { $0.rate = 0.4 }) },
  ]

  private static func divisors(of number: Int) -> [Int] { (1...number).filter { number % $0 == 0 } }
}

extension RandomStream {
  fileprivate mutating func extent(_ range: ClosedRange<Int>) -> Extent {
    Extent(height: pick(range), width: pick(range))
  }

  fileprivate mutating func padding(_ range: ClosedRange<Int>) -> Padding {
    Padding(top: pick(range), left: pick(range), bottom: pick(range), right: pick(range))
  }
}
