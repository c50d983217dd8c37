import Network
import Randomness

extension Lowering {
  /// Appends an operation that reads one slot and writes one.
  mutating func pointwise(_ operation: Operation, path: String, input: Value, output: Shape) -> Value {
    let y = slot("\(path) y", perSample: output.count)
    forward(
      Instruction(operation: operation, pass: .forward, path: path, reads: [input.slot], writes: [y]),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: input.isTrainable)
  }

  /// An element-wise activation.
  mutating func activation(_ function: ActivationFunction, path: String, input: Value) -> Value {
    pointwise(.activation(function, count: input.shape.count), path: path, input: input, output: input.shape)
  }

  /// A softmax over the channels at each position.
  mutating func softmax(path: String, input: Value) -> Value {
    pointwise(
      .softmax(rows: input.shape.positions, columns: input.shape.channels), path: path, input: input,
      output: input.shape)
  }

  /// In evaluation, and at a rate of zero, dropout passes its input on.
  mutating func dropout(_ layer: DropoutLayer, path: String, input: Value) -> Value {
    guard isTraining, layer.rate > 0 else { return input }
    let count = input.shape.count
    let y = slot("\(path) y", perSample: count)
    let mask = slot("\(path) mask", perSample: count)
    forward(
      Instruction(
        operation: .dropout(rate: Float(layer.rate), subject: StableHash.of(path), count: count), pass: .forward,
        path: path, reads: [input.slot], writes: [y, mask]),
      inputs: [input])
    return Value(slot: y, shape: input.shape, isTrainable: input.isTrainable)
  }

  /// A vector, and an image of one channel, lie in memory as they are written in files: nothing to do.
  mutating func flatten(path: String, input: Value, output: Shape) -> Value {
    if input.shape.isVector || input.shape.channels == 1 {
      return Value(slot: input.slot, shape: output, isTrainable: input.isTrainable)
    }
    return pointwise(
      .flatten(positions: input.shape.positions, channels: input.shape.channels), path: path, input: input,
      output: output)
  }
}
