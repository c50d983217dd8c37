import Network
import Operators
import Randomness

extension BodyGenerator {
  /// Branches whose shapes fit together.
  mutating func branches(_ merge: Module.Merge, depth: Int) -> Module {
    let name = stream.oneIn(3) ? "" : name()
    if merge == .multiply { return .branches(merge, factors(depth: depth), name: name) }
    let stride = stream.oneIn(3) ? 2 : 1
    let channels = stream.oneIn(2) ? min(shape.channels, 6) : stream.pick(1...5)
    let start = shape
    var outputs: [Shape] = []
    let nodes = (0..<stream.pick(2...3)).map { _ -> Module in
      shape = start
      let node = branch(channels: merge == .add ? channels : stream.pick(1...4), stride: stride, depth: depth)
      outputs.append(shape)
      return node
    }
    shape = outputs[0]
    if merge == .concat { shape.channels = outputs.reduce(0) { $0 + $1.channels } }
    return .branches(merge, nodes, name: name)
  }

  /// A body, and gates or factors between −1 and 1 beside it, in any order.
  private mutating func factors(depth: Int) -> [Module] {
    let start = shape
    let channels = stream.oneIn(2) ? min(shape.channels, 6) : stream.pick(1...5)
    let body = branch(channels: channels, stride: 1, depth: depth)
    let output = shape
    var nodes = [body]
    for _ in 0..<stream.pick(1...2) {
      shape = start
      let factor = stream.oneIn(3) ? weighting(channels: channels) : gate(channels: channels)
      nodes.insert(factor, at: stream.pick(0...nodes.count))
    }
    shape = output
    return nodes
  }

  /// One factor for each channel: a pooling over everything, perhaps a narrow layer, and a sigmoid.
  ///
  /// Source: Hu, Shen and Sun, "Squeeze-and-excitation networks", 2017, figure 2.
  private mutating func gate(channels: Int) -> Module {
    var nodes = [pooled()]
    if stream.oneIn(2) {
      nodes.append(.layer(pixelwise(stream.pick(1...3)), name: name()))
      nodes.append(.layer(activation(stream.pick(["relu", "silu", "gelu"]))))
    }
    nodes.append(.layer(pixelwise(channels), name: name()))
    nodes.append(.layer(activation(stream.pick(["sigmoid", "hard-sigmoid"]))))
    return .sequential(nodes, name: name())
  }

  /// A factor for each element.
  private mutating func weighting(channels: Int) -> Module {
    let nodes = [
      branch(channels: channels, stride: 1, depth: 0), .layer(activation(stream.pick(["sigmoid", "tanh"]))),
    ]
    return .sequential(nodes, name: name())
  }

  /// A dense layer or a 1×1 convolution on a vector: they are the same.
  private mutating func pixelwise(_ channels: Int) -> Layer {
    defer { shape = Shape(features: channels) }
    if stream.oneIn(2) { return .dense(dense(channels)) }
    return .convolution(ConvolutionLayer(channels, kernel: 1, bias: stream.oneIn(2)))
  }

  /// A branch that divides the sides by `stride`, rounded up, and ends with `channels` channels.
  private mutating func branch(channels: Int, stride: Int, depth: Int) -> Module {
    if stride == 1, channels == shape.channels, stream.oneIn(2) { return .layer(.identity(IdentityLayer())) }
    let fitting = Module.layer(.convolution(sizedConvolution(channels: channels, stride: stride)), name: name())
    shape = Shape(
      channels: channels, height: (shape.height + stride - 1) / stride, width: (shape.width + stride - 1) / stride)
    var nodes = [fitting]
    if stream.oneIn(2) { nodes.append(.layer(keepingLayer(), name: name())) }
    if depth > 0, stream.oneIn(3) { nodes.append(residual(depth: depth - 1)) }
    if stream.oneIn(4) { nodes.append(.layer(keepingLayer(), name: name())) }
    return nodes.count == 1 ? fitting : .sequential(nodes, name: name())
  }

  /// Branches that keep the shape, perhaps with the body dropped for some samples.
  private mutating func residual(depth: Int) -> Module {
    var body = branch(channels: shape.channels, stride: 1, depth: depth)
    if stream.oneIn(3) {
      var dropping = StochasticDepthLayer()
      dropping.rate = stream.rate()
      body = .sequential([body, .layer(.stochasticDepth(dropping))])
    }
    return .branches(.add, [body, .layer(.identity(IdentityLayer()))], name: name())
  }

  /// A layer that keeps the shape.
  private mutating func keepingLayer() -> Layer {
    let kinds = Self.activations + (isPlain ? [] : Self.normalizations) + ["layer-scale", "dropout", "spatial-dropout"]
    while true {
      if let layer = fittingLayer(stream.pick(kinds)) { return layer }
    }
  }

  /// A convolution that keeps the size up to its stride.
  private mutating func sizedConvolution(channels: Int, stride: Int) -> ConvolutionLayer {
    let kernel = stream.pick([1, 3])
    var layer = ConvolutionLayer(channels, kernel: kernel, stride: stride, padding: kernel / 2, bias: stream.oneIn(2))
    if kernel == 3, stream.oneIn(3) {
      layer.dilation = Extent(2)
      layer.padding = .fixed(Padding(Extent(2)))
    }
    if stream.oneIn(3) {
      layer.kernel = stream.extent(1...4)
      layer.padding = .same
    }
    return layer
  }
}
