import Network

extension Lowering {
  mutating func maxPooling(_ layer: MaxPoolingLayer, path: String, input: Value, output: Shape) -> Value {
    let y = slot("\(path) y", perSample: output.count)
    let indices = slot("\(path) indices", perSample: output.count)
    let operation = Operation.maxPooling(layer.window(for: input.shape), channels: input.shape.channels)
    forward(
      Instruction(operation: operation, pass: .forward, path: path, reads: [input.slot], writes: [y, indices]),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: input.isTrainable)
  }

  mutating func averagePooling(_ layer: AveragePoolingLayer, path: String, input: Value, output: Shape) -> Value {
    let operation = Operation.averagePooling(
      layer.window(for: input.shape), channels: input.shape.channels, includePadding: layer.includePadding)
    return pointwise(operation, path: path, input: input, output: output)
  }

  mutating func globalAveragePooling(path: String, input: Value, output: Shape) -> Value {
    let operation = Operation.globalAveragePooling(
      positions: input.shape.positions, channels: input.shape.channels)
    return pointwise(operation, path: path, input: input, output: output)
  }
}
