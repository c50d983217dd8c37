package import Operators

/// One row of a network's layer table.
package struct LayerRow: Hashable, Sendable {
  /// The path of the layer in the model tree.
  package let path: String
  /// The layer's kind as it is written in YAML.
  package let kind: String
  /// The shape that goes in.
  package let input: Shape
  /// The shape that comes out.
  package let output: Shape
  /// The trainable parameters' names (with the path) and descriptions.
  package let parameters: [(name: String, description: ParameterDescription)]
  /// Whether the layer keeps running statistics.
  package let keepsStatistics: Bool
  /// Multiply-add pairs for one sample, forward.
  package let multiplyAdds: Int
  /// Pixels of the image that one output position depends on, at most; nil where that is the whole image.
  package let receptiveField: Extent?

  /// The number of trainable elements.
  package var parameterCount: Int { parameters.reduce(0) { $0 + $1.description.count } }

  package static func == (a: LayerRow, b: LayerRow) -> Bool {
    a.path == b.path && a.kind == b.kind && a.input == b.input && a.output == b.output
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(path) }
}

extension NetworkDescription {
  /// The layers in order of execution with their shapes, parameters and receptive fields.
  ///
  /// The receptive field grows by (kernel − 1) · jump per layer, the jump being the product of the strides so far
  /// (Dumoulin and Visin 2016; Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks",
  /// Distill 2019, eq. 2); branches count with the larger of theirs.
  ///
  /// - Throws: `NetworkError` if a layer does not fit its input.
  package func layerTable() throws(NetworkError) -> [LayerRow] {
    var visitor = TableVisitor()
    let start = TableVisitor.Value(shape: input, field: Extent(1), jump: Extent(1))
    _ = try walk(&visitor, input: start)
    return visitor.rows
  }

  /// The shape of the logits.
  package func output() throws(NetworkError) -> Shape {
    var visitor = TableVisitor()
    return try walk(&visitor, input: TableVisitor.Value(shape: input, field: Extent(1), jump: Extent(1))).shape
  }
}

private struct TableVisitor: ModelVisitor {
  struct Value {
    var shape: Shape
    var field: Extent?
    var jump: Extent
  }

  var rows: [LayerRow] = []
  let walksHeads = true

  func shape(of value: Value) -> Shape { value.shape }

  mutating func layer(_ layer: Layer, path: String, input: Value, output: Shape) -> Value {
    let record = layer.record
    let value = widened(input, by: record.receptiveFieldStep(for: input.shape), output: output)
    rows.append(
      LayerRow(
        path: path, kind: layer.kind, input: input.shape, output: output,
        parameters: record.parameters(for: input.shape).map { ($0.fullName(at: path), $0) },
        keepsStatistics: record.runningStatistics != nil, multiplyAdds: record.multiplyAdds(for: input.shape),
        receptiveField: value.field))
    return value
  }

  private func widened(_ value: Value, by step: ReceptiveFieldStep?, output: Shape) -> Value {
    guard let step, let field = value.field else { return Value(shape: output, field: nil, jump: value.jump) }
    return Value(
      shape: output,
      field: Extent(
        height: limited(field.height + (step.kernel.height - 1) * value.jump.height),
        width: limited(field.width + (step.kernel.width - 1) * value.jump.width)),
      jump: Extent(
        height: limited(value.jump.height * step.stride.height),
        width: limited(value.jump.width * step.stride.width)))
  }

  func head(_ head: Head, path: String, output: Value) {}

  private func limited(_ pixels: Int) -> Int { min(pixels, Limits.field) }

  mutating func merge(_ merge: Module.Merge, path: String, inputs: [Value], output: Shape) -> Value {
    let fields = inputs.compactMap(\.field)
    let widest = fields.reduce(Extent(1)) {
      Extent(height: max($0.height, $1.height), width: max($0.width, $1.width))
    }
    rows.append(
      LayerRow(
        path: path, kind: merge.rawValue, input: inputs[0].shape, output: output, parameters: [],
        keepsStatistics: false, multiplyAdds: 0, receptiveField: fields.count == inputs.count ? widest : nil))
    return Value(shape: output, field: fields.count == inputs.count ? widest : nil, jump: inputs[0].jump)
  }
}
