import Network

extension Lowering {
  /// Max pooling keeps the places of the largest values for the backward pass.
  mutating func maxPooling(_ layer: MaxPoolingLayer, path: String, input: Value, output: Shape) -> Value {
    let y = slot("\(path) y", perSample: output.count)
    let indices = slot("\(path) indices", perSample: output.count)
    let operation = Operation.maxPooling(layer.window(for: input.shape), channels: input.shape.channels)
    forward(
      Instruction(operation: operation, pass: .forward, path: path, reads: [input.slot], writes: [y, indices]),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: input.isTrainable)
  }

  /// The mean of each window.
  mutating func averagePooling(_ layer: AveragePoolingLayer, path: String, input: Value, output: Shape) -> Value {
    let operation = Operation.averagePooling(
      layer.window(for: input.shape), channels: input.shape.channels, includePadding: layer.includePadding)
    return pointwise(operation, path: path, input: input, output: output)
  }

  /// The mean over all positions.
  mutating func globalAveragePooling(path: String, input: Value, output: Shape) -> Value {
    let operation = Operation.globalAveragePooling(
      positions: input.shape.positions, channels: input.shape.channels)
    return pointwise(operation, path: path, input: input, output: output)
  }
}
