import Network
import Operators

extension Lowering {
  /// Max pooling keeps the indices of the largest values for the backward pass.
  mutating func maxPooling(_ window: Window, path: String, input: Value, output: Shape) -> Value {
    let y = slot("\(path) y", perSample: output.count)
    let indices = slot("\(path) indices", perSample: output.count)
    forward(
      Instruction(
        operation: .maxPooling(window, channels: input.shape.channels), pass: .forward, path: path,
        reads: [input.slot], writes: [y, indices]),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: input.isTrainable)
  }

  /// Means over windows, and interpolation.
  mutating func resample(_ layer: any ResamplingLayer, path: String, input: Value, output: Shape) -> Value {
    pointwise(.resample(layer.resampling(for: input.shape)), path: path, input: input, output: output)
  }

  /// L^p norms of windows.
  mutating func powerPooling(_ layer: PowerPoolingLayer, path: String, input: Value, output: Shape) -> Value {
    let operation = Operation.powerPooling(
      layer.window(for: input.shape), channels: input.shape.channels, exponent: Float(layer.exponent))
    return pointwise(operation, path: path, input: input, output: output)
  }

  /// The mean over all positions.
  mutating func globalAveragePooling(path: String, input: Value, output: Shape) -> Value {
    let operation = Operation.globalAveragePooling(
      positions: input.shape.positions, channels: input.shape.channels)
    return pointwise(operation, path: path, input: input, output: output)
  }
}
