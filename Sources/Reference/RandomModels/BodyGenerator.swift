import Network
import Operators
import Randomness

/// Grows a model node by node and keeps track of the shape.
struct BodyGenerator {
  /// Where the choices come from.
  var stream: RandomStream
  /// The shape after what has been grown so far.
  var shape: Shape
  /// The values that the network and all its heads end in.
  let classes: Int
  /// Whether branches and heads hold no normalization of their own, which may pass on next to nothing.
  var isPlain = false
  private var names = 0

  /// Nothing grown so far, on an input of the given shape.
  init(stream: RandomStream, shape: Shape) {
    self.stream = stream
    self.shape = shape
    classes = self.stream.pick(2...5)
  }

  /// A sequence of nodes from the present shape on; branches and sequences nest `depth` deep at most.
  mutating func sequence(length: Int, depth: Int) -> [Module] {
    (0..<length).map { _ in
      if depth > 0, stream.oneIn(4) { return branches(stream.pick(Module.Merge.allCases), depth: depth - 1) }
      if depth > 0, stream.oneIn(8) {
        return .sequential(sequence(length: stream.pick(1...3), depth: depth - 1), name: name())
      }
      if depth > 0, stream.oneIn(12) { return head(depth: depth - 1) }
      return .layer(anyLayer(), name: name())
    }
  }

  /// Nodes that contain `kind`, a word of `RandomModel.kinds`; nil if the present shape does not suit it.
  /// Branches and sequences in it nest `depth` deep at most.
  mutating func node(of kind: String, depth: Int) -> [Module]? {
    if let merge = Module.Merge(rawValue: kind) { return [branches(merge, depth: depth)] }
    if kind == "head" { return [head(depth: depth)] }
    let flat: [Module] = kind == "dense" ? [flattened()] : []
    guard let layer = fittingLayer(kind) else { return nil }
    return flat + [.layer(layer, name: name())]
  }

  /// To a vector, perhaps a hidden layer, and the logits.
  mutating func classifier() -> [Module] {
    var nodes = [stream.oneIn(2) ? flattened() : pooled()]
    if stream.oneIn(2) {
      nodes.append(.layer(.dense(dense(stream.pick(2...7)))))
      nodes.append(.layer(activation(stream.pick(Self.activations)), name: name()))
    }
    if stream.oneIn(4) { nodes.append(.layer(.dropout(DropoutLayer(stream.rate())))) }
    shape = Shape(features: classes)
    // With random biases the logits are neither equal, which would leave the largest to rounding, nor all zero, which
    // have no direction for a cosine.
    return nodes + [.layer(.dense(DenseLayer(classes)), name: name())]
  }

  /// An auxiliary head with layers of its own; the value passes on unchanged.
  private mutating func head(depth: Int) -> Module {
    let start = shape
    defer { shape = start }
    var head = Head()
    head.weight = stream.pick([0.3, 0.1, 1, 0.3, 0])
    head.layers = (isPlain ? [] : sequence(length: stream.pick(0...2), depth: depth)) + classifier()
    if stream.oneIn(2) { head.loss = stream.labelLoss(for: shape) }
    return Module(name: "aux\(count())", .head(head))
  }

  private mutating func flattened() -> Module {
    shape = Shape(features: shape.count)
    return .layer(.flatten(FlattenLayer()), name: name())
  }

  /// A pooling over everything.
  mutating func pooled() -> Module {
    let isOnePixel = shape.isVector
    shape = Shape(features: shape.channels)
    switch stream.integer(below: isOnePixel ? 3 : 4) {
    case 0: return .layer(.globalMaxPooling(GlobalMaxPoolingLayer()), name: name())
    case 1: return .layer(.adaptiveAveragePooling(AdaptiveAveragePoolingLayer()), name: name())
    default: return .layer(.globalAveragePooling(GlobalAveragePoolingLayer()), name: name())
    }
  }

  /// No name (the index among the siblings), or one of its own.
  mutating func name() -> String? { stream.oneIn(3) ? "node\(count())" : nil }

  private mutating func count() -> Int {
    names += 1
    return names
  }
}
