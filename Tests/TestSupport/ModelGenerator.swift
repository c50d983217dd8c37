package import Network
package import Randomness

/// Random small networks for property tests.
package enum RandomModel {
  /// A valid network that is a pure function of `seed`: an image of 1 to 9 pixels a side and 1 to 5 channels, a random
  /// body of all kinds of layers and nested branches, and a dense head of 2 to 5 classes.
  package static func network(seed: UInt64) -> NetworkDescription {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("random model"))
    while true {
      let network = attempt(&stream, name: "random-\(seed)")
      if (try? network.output())?.isVector == true { return network }
    }
  }

  private static func attempt(_ stream: inout RandomStream, name: String) -> NetworkDescription {
    let input = Shape(channels: stream.pick(1...5), height: stream.pick(1...9), width: stream.pick(1...9))
    var body = BodyGenerator(stream: stream, shape: input)
    let length = body.stream.pick(1...5)
    let layers = body.sequence(length: length, depth: 2) + body.head()
    stream = body.stream
    return NetworkDescription(name: name, input: input, layers: layers)
  }
}

extension RandomStream {
  /// A random number of `range`.
  package mutating func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + integer(below: range.count) }

  /// A random element of `items`, which must not be empty.
  package mutating func pick<Item>(_ items: [Item]) -> Item { items[integer(below: items.count)] }

  /// True once in `n` times.
  package mutating func oneIn(_ n: Int) -> Bool { integer(below: n) == 0 }
}

/// Grows a model node by node and keeps track of the shape.
private struct BodyGenerator {
  var stream: RandomStream
  var shape: Shape
  private var names = 0

  init(stream: RandomStream, shape: Shape) {
    self.stream = stream
    self.shape = shape
  }

  /// A sequence of nodes from the present shape on; branches and sequences nest `depth` deep at most.
  mutating func sequence(length: Int, depth: Int) -> [Module] {
    (0..<length).map { _ in
      if depth > 0, stream.oneIn(4) { return branches(depth: depth - 1) }
      if depth > 0, stream.oneIn(8) {
        return .sequential(sequence(length: stream.pick(1...3), depth: depth - 1), name: name())
      }
      return .layer(fittingLayer(), name: name())
    }
  }

  /// Flatten or a pooling over everything, perhaps a hidden layer, and the logits.
  mutating func head() -> [Module] {
    let pooling = Layer.globalAveragePooling(GlobalAveragePoolingLayer())
    var layers = [stream.oneIn(2) ? Layer.flatten(FlattenLayer()) : pooling]
    if stream.oneIn(2) {
      layers += [.dense(dense(stream.pick(2...7))), .activation(stream.pick(ActivationFunction.allCases))]
    }
    if stream.oneIn(4) { layers.append(.dropout(dropout())) }
    layers.append(.dense(dense(stream.pick(2...5))))
    return layers.map { .layer($0, name: name()) }
  }

  /// No name (the index among the siblings), or one of its own.
  private mutating func name() -> String? {
    names += 1
    return stream.oneIn(3) ? "node\(names)" : nil
  }
}

extension BodyGenerator {
  /// A random layer that fits the present shape.
  private mutating func fittingLayer() -> Layer {
    while true {
      let layer = anyLayer()
      guard let output = try? layer.description.output(for: shape) else { continue }
      shape = output
      return layer
    }
  }

  private mutating func anyLayer() -> Layer {
    switch stream.integer(below: 12) {
    case 0...3: .convolution(convolution())
    case 4: .batchNormalization(batchNormalization())
    case 5: .maxPooling(maxPooling())
    case 6: .averagePooling(averagePooling())
    case 7: .dropout(dropout())
    case 8: stream.oneIn(4) ? .softmax(SoftmaxLayer()) : .identity(IdentityLayer())
    default: .activation(stream.pick(ActivationFunction.allCases))
    }
  }

  private mutating func extent(_ range: ClosedRange<Int>) -> Extent {
    Extent(height: stream.pick(range), width: stream.pick(range))
  }

  private mutating func convolution() -> ConvolutionLayer {
    var layer = ConvolutionLayer()
    let divisors = (1...shape.channels).filter { shape.channels % $0 == 0 }
    layer.groups = stream.oneIn(3) ? stream.pick(divisors) : 1
    layer.channels = layer.groups * stream.pick(1...max(1, 6 / layer.groups))
    layer.kernel = extent(1...4)
    layer.stride = stream.oneIn(2) ? Extent(1) : extent(1...3)
    layer.padding = extent(0...2)
    layer.dilation = stream.oneIn(2) ? Extent(1) : extent(1...2)
    layer.bias = stream.oneIn(2)
    layer.initial = stream.pick(WeightInitializer.allCases)
    return layer
  }

  private mutating func batchNormalization() -> BatchNormalizationLayer {
    var layer = BatchNormalizationLayer()
    layer.epsilon = stream.pick([1e-5, 1e-3, 0.1])
    layer.momentum = stream.pick([0.1, 0.25, 1])
    return layer
  }

  private mutating func maxPooling() -> MaxPoolingLayer {
    var layer = MaxPoolingLayer()
    layer.kernel = extent(1...3)
    layer.stride = stream.oneIn(2) ? nil : extent(1...3)
    layer.padding = padding(upToHalf: layer.kernel)
    layer.dilation = stream.oneIn(3) ? extent(1...2) : Extent(1)
    return layer
  }

  private mutating func averagePooling() -> AveragePoolingLayer {
    var layer = AveragePoolingLayer()
    layer.kernel = extent(1...3)
    layer.stride = stream.oneIn(2) ? nil : extent(1...3)
    layer.padding = padding(upToHalf: layer.kernel)
    layer.includePadding = stream.oneIn(2)
    return layer
  }

  private mutating func padding(upToHalf kernel: Extent) -> Extent {
    Extent(height: stream.pick(0...kernel.height / 2), width: stream.pick(0...kernel.width / 2))
  }

  private mutating func dropout() -> DropoutLayer { DropoutLayer(stream.pick([0, 0.25, 0.5, 0.9])) }

  private mutating func dense(_ features: Int) -> DenseLayer {
    var layer = DenseLayer(features, initial: stream.pick(WeightInitializer.allCases))
    layer.bias = !stream.oneIn(3)
    return layer
  }
}

extension BodyGenerator {
  /// Two or three branches whose shapes fit together.
  private mutating func branches(depth: Int) -> Module {
    let merge = stream.pick(Module.Merge.allCases)
    let stride = stream.oneIn(3) ? 2 : 1
    let channels = stream.oneIn(2) ? shape.channels : stream.pick(1...5)
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
    return .branches(merge, nodes, name: stream.oneIn(3) ? "" : name())
  }

  /// A branch that divides the sides by `stride`, rounded up, and ends with `channels` channels.
  private mutating func branch(channels: Int, stride: Int, depth: Int) -> Module {
    if stride == 1, channels == shape.channels, stream.oneIn(2) { return .layer(.identity(IdentityLayer())) }
    let fitting = Module.layer(.convolution(sizedConvolution(channels: channels, stride: stride)), name: name())
    shape = Shape(
      channels: channels, height: (shape.height + stride - 1) / stride, width: (shape.width + stride - 1) / stride)
    var nodes = [fitting]
    if stream.oneIn(2) { nodes.append(.layer(.activation(stream.pick(ActivationFunction.allCases)))) }
    if stream.oneIn(3) { nodes.append(.layer(.batchNormalization(batchNormalization()))) }
    if depth > 0, stream.oneIn(3) { nodes.append(residual(depth: depth - 1)) }
    return nodes.count == 1 ? fitting : .sequential(nodes, name: name())
  }

  /// Branches that keep the shape.
  private mutating func residual(depth: Int) -> Module {
    let body = branch(channels: shape.channels, stride: 1, depth: depth)
    return .branches(.add, [body, .layer(.identity(IdentityLayer()))], name: name())
  }

  /// A convolution of kernel 1 or 3 that keeps the size up to its stride.
  private mutating func sizedConvolution(channels: Int, stride: Int) -> ConvolutionLayer {
    let kernel = stream.pick([1, 3])
    var layer = ConvolutionLayer(channels, kernel: kernel, stride: stride, padding: kernel / 2, bias: stream.oneIn(2))
    if kernel == 3, stream.oneIn(3) {
      layer.dilation = Extent(2)
      layer.padding = Extent(2)
    }
    return layer
  }
}
