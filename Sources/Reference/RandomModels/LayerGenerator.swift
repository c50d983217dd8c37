import Network
import Operators
import Randomness
import StrictYAML

/// Random layers of each kind, with random settings, for the present shape.
extension BodyGenerator {
  /// Element-wise activations.
  static let activations = [
    "relu", "relu6", "leaky-relu", "elu", "sigmoid", "tanh", "gelu", "silu", "hard-sigmoid", "hard-swish", "softplus",
  ]
  /// Normalizations.
  static let normalizations = ["batch-norm", "group-norm", "instance-norm", "layer-norm", "local-response-norm"]

  /// Kinds of layers in groups, each with how often it is drawn.
  private static let families: [(share: Int, kinds: [String])] = [
    (7, ["convolution"]), (2, ["transposed-convolution"]), (1, ["filter"]), (1, ["dense"]),
    (4, ["max-pool", "average-pool", "adaptive-average-pool", "lp-pool", "gaussian-pool"]),
    (1, ["global-average-pool", "global-max-pool", "flatten"]), (4, normalizations), (6, activations), (1, ["softmax"]),
    (2, ["dropout", "spatial-dropout", "stochastic-depth"]),
    (5, ["identity", "reshape", "zero-pad", "crop", "upsample", "channel-shuffle", "layer-scale"]),
  ]

  /// The kinds that no family names: the generator takes them with default settings.
  private static let others = {
    let named = Set(families.flatMap(\.kinds))
    return Layer.kinds.map(\.alternative.name).filter { !named.contains($0) }
  }()

  private static let lottery =
    families.flatMap { [[String]](repeating: $0.kinds, count: $0.share) } + (others.isEmpty ? [] : [others])

  /// A random layer that fits the present shape.
  mutating func anyLayer() -> Layer {
    while true {
      if let layer = fittingLayer(stream.pick(stream.pick(Self.lottery))) { return layer }
    }
  }

  /// A random layer of the given kind that fits the present shape; nil if none is found.
  mutating func fittingLayer(_ kind: String) -> Layer? {
    for _ in 0..<20 {
      let layer = layer(of: kind)
      guard layer.record.problem() == nil, let output = try? layer.record.output(for: shape) else { continue }
      guard isSmall(output) else { continue }
      shape = output
      return layer
    }
    return nil
  }

  /// Sizes that a naive interpreter runs through in no time.
  private func isSmall(_ shape: Shape) -> Bool {
    shape.height <= 12 && shape.width <= 12 && shape.channels <= 64 && shape.count <= 1_000
  }

  /// A layer of the given kind that may or may not fit.
  private mutating func layer(of kind: String) -> Layer {
    switch kind {
    case "convolution": .convolution(convolution())
    case "transposed-convolution": .transposedConvolution(transposedConvolution())
    case "filter": .filter(filter())
    case "dense": .dense(dense(stream.pick(1...7)))
    case "softmax": .softmax(SoftmaxLayer())
    case _ where Self.activations.contains(kind): activation(kind)
    case _ where Self.normalizations.contains(kind): normalization(kind)
    case _ where kind.contains("pool"): pooling(kind)
    case _ where Self.others.contains(kind): plain(kind)
    default: structure(kind)
    }
  }

  /// The layer of the given kind with default settings.
  private func plain(_ kind: String) -> Layer {
    guard let layer = try? Layer(yaml: YAMLCursor(.word(kind), source: "the generator")) else {
      preconditionFailure("'\(kind)' needs settings that the generator does not know")
    }
    return layer
  }

  /// The activation of the given kind with random settings.
  mutating func activation(_ kind: String) -> Layer {
    let functions: [ActivationFunction] = [
      .relu, .relu6, .leakyReLU(slope: stream.pick([0, 0.01, 0.2, 0.75])), .elu(alpha: stream.pick([0.5, 1, 1.5])),
      .sigmoid, .tanh, .gelu(stream.pick(GELUForm.allCases)), .silu, .hardSigmoid, .hardSwish,
      .softplus(beta: stream.pick([0.5, 1, 2])),
    ]
    guard let function = functions.first(where: { $0.kind == kind }) else {
      preconditionFailure("the generator does not know the activation '\(kind)'")
    }
    return .activation(function)
  }

  /// A dense layer of the given width.
  mutating func dense(_ features: Int) -> DenseLayer {
    var layer = DenseLayer(features, initial: stream.initializer())
    layer.bias = !stream.oneIn(3)
    return layer
  }
}

extension RandomStream {
  /// How much is dropped: never so much that the rest becomes huge.
  mutating func rate() -> Double { pick([0, 0.2, 0.25, 0.5, 0.75]) }

  /// Initial weights of every distribution, none of them so wide that values grow from layer to layer.
  mutating func initializer() -> WeightInitializer {
    let std = pick([0.1, 0.2, 0.4])
    switch pick(WeightInitializer.alternatives.map(\.name)) {
    case "he-normal": return .heNormal
    case "he-uniform": return .heUniform
    case "he-normal-fan-out": return .heNormalFanOut
    case "glorot-normal": return .glorotNormal
    case "glorot-uniform": return .glorotUniform
    case "lecun-normal": return .lecunNormal
    case "lecun-uniform": return .lecunUniform
    case "normal": return .normal(std: std)
    case "uniform": return .uniform(bound: std)
    case "truncated-normal": return .truncatedNormal(std: std)
    case "orthogonal": return .orthogonal(gain: pick([0.7, 1, 1.4]))
    case "constant": return .constant(pick([-0.1, 0.05, 0.2]))
    default: return .pytorch
    }
  }
}
