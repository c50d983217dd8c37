package import Operators

/// What a walk over the model tree does at each kind of node: the one place that knows how shapes flow, used by the
/// layer table as well as by the planner.
package protocol ModelVisitor {
  /// What flows along the edges: a shape with whatever the visitor attaches to it.
  associatedtype Value
  /// The shape of a value.
  func shape(of value: Value) -> Shape
  /// Passes a leaf layer; `output` is the shape of its result.
  mutating func layer(_ layer: Layer, path: String, input: Value, output: Shape) -> Value
  /// Merges the outputs of branches; `output` is the shape of the result.
  mutating func merge(_ merge: Module.Merge, path: String, inputs: [Value], output: Shape) -> Value
  /// Whether auxiliary heads are walked; without them only the path to the network's output is.
  var walksHeads: Bool { get }
  /// Ends an auxiliary head whose last layer gave `output`.
  ///
  /// - Throws: an error if the head's loss does not fit its output.
  mutating func head(_ head: Head, path: String, output: Value) throws(NetworkError)
}

extension NetworkDescription {
  /// Walks the tree in order of execution.
  ///
  /// - Parameters:
  ///   - visitor: what happens at each node.
  ///   - input: the value of the image.
  /// - Returns: the value of the logits.
  /// - Throws: `NetworkError` if a layer does not fit its input or two layers have the same path.
  package func walk<Visitor: ModelVisitor>(
    _ visitor: inout Visitor, input: Visitor.Value
  ) throws(NetworkError) -> Visitor.Value {
    if let problem = Limits.problem(with: self.input) { throw NetworkError("model \(name): \(problem)") }
    var walk = ModelWalk(network: name)
    return try walk.sequence(layers, path: "", input: input, &visitor)
  }
}

private struct ModelWalk {
  let network: String
  private var seen: Set<String> = []
  private var heads: Set<String> = []

  init(network: String) { self.network = network }

  mutating func sequence<Visitor: ModelVisitor>(
    _ nodes: [Module], path: String, input: Visitor.Value, _ visitor: inout Visitor
  ) throws(NetworkError) -> Visitor.Value {
    var value = input
    for (index, node) in nodes.enumerated() {
      value = try self.node(node, path: node.path(below: path, index: index), input: value, &visitor)
    }
    return value
  }

  private mutating func node<Visitor: ModelVisitor>(
    _ node: Module, path: String, input: Visitor.Value, _ visitor: inout Visitor
  ) throws(NetworkError) -> Visitor.Value {
    switch node.body {
    case .layer(let layer): return try leaf(layer, path: path, input: input, &visitor)
    case .sequential(let nodes): return try sequence(nodes, path: path, input: input, &visitor)
    case .branches(let merge, let nodes):
      var outputs: [Visitor.Value] = []
      for (index, branch) in nodes.enumerated() {
        outputs.append(try self.node(branch, path: branch.path(below: path, index: index), input: input, &visitor))
      }
      let shape = try merged(merge, outputs.map(visitor.shape(of:)), path: path)
      return visitor.merge(merge, path: path, inputs: outputs, output: shape)
    case .head(let head):
      if visitor.walksHeads { try self.head(head, path: path, input: input, &visitor) }
      return input
    }
  }

  /// The path of a head names its output and its targets.
  private mutating func head<Visitor: ModelVisitor>(
    _ head: Head, path: String, input: Visitor.Value, _ visitor: inout Visitor
  ) throws(NetworkError) {
    guard !path.isEmpty else { throw NetworkError("model \(network): a head has no name; give it one") }
    guard heads.insert(path).inserted else {
      throw NetworkError("model \(network): two heads are called '\(path)'; give one of them another name")
    }
    let output = try sequence(head.layers, path: path, input: input, &visitor)
    try visitor.head(head, path: path, output: output)
  }

  private mutating func leaf<Visitor: ModelVisitor>(
    _ layer: Layer, path: String, input: Visitor.Value, _ visitor: inout Visitor
  ) throws(NetworkError) -> Visitor.Value {
    if case .identity = layer { return input }
    guard seen.insert(path).inserted else {
      throw NetworkError("model \(network): two layers are called '\(path)'; give one of them another name")
    }
    let shape = visitor.shape(of: input)
    do {
      let output = try output(of: layer.record, for: shape)
      return visitor.layer(layer, path: path, input: input, output: output)
    } catch {
      throw NetworkError("model \(network), layer '\(path)' (\(layer.kind)): \(error.message)")
    }
  }

  private func output(of layer: any LayerDescription, for input: Shape) throws(ShapeProblem) -> Shape {
    let output = try layer.output(for: input)
    if let problem = Limits.problem(with: layer, input: input, output: output) { throw ShapeProblem(problem) }
    return output
  }
}

/// Where branches meet.
extension ModelWalk {
  private func merged(_ merge: Module.Merge, _ shapes: [Shape], path: String) throws(NetworkError) -> Shape {
    guard let output = merge.output(of: shapes) else {
      let list = shapes.map(\.description).joined(separator: " and ")
      throw NetworkError(
        "model \(network), branches '\(path)': \(merge.rawValue) needs \(merge.need), but they are \(list)")
    }
    if let problem = Limits.problem(with: output) {
      throw NetworkError("model \(network), branches '\(path)': \(problem)")
    }
    return output
  }
}

extension Module.Merge {
  /// The shape that branches of the given shapes become; nil if they do not fit.
  fileprivate func output(of shapes: [Shape]) -> Shape? {
    guard let largest = shapes.max(by: { $0.positions < $1.positions }) else { return nil }
    switch self {
    case .add: return shapes.allSatisfy { $0 == largest } ? largest : nil
    case .concat:
      guard shapes.allSatisfy({ $0.extent == largest.extent }) else { return nil }
      return Shape(
        channels: shapes.reduce(0) { $0 + $1.channels }, height: largest.height, width: largest.width)
    case .multiply:
      let gate = Shape(features: largest.channels)
      return shapes.allSatisfy { $0 == largest || $0 == gate } ? largest : nil
    }
  }

  /// What shapes the branches must have, for messages.
  fileprivate var need: String {
    switch self {
    case .add: "equal shapes"
    case .concat: "equal heights and widths"
    case .multiply: "equal shapes, or gates of 1×1 with as many channels"
    }
  }
}
