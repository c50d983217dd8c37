import Network
import Operators
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

  /// The gradient of an activation, from its result or, where the derivative asks for it, from its input.
  mutating func activationBackward(_ record: Record, _ function: ActivationFunction, count: Int, dy: SlotID) {
    let saved = function.differentiatesInput ? record.instruction.reads[0] : record.instruction.writes[0]
    backwardData(.activationBackward(function, count: count), of: record, reads: [saved, dy])
  }

  /// A rectifier with trained slopes.
  mutating func prelu(_ layer: PReLULayer, path: String, input: Value) -> Value {
    let parameters = register(layer, path: path, input: input.shape)
    let columns = layer.shared ? 1 : input.shape.channels
    let y = slot("\(path) y", perSample: input.shape.count)
    forward(
      Instruction(
        operation: .prelu(rows: input.shape.count / columns, columns: columns), pass: .forward, path: path,
        reads: [input.slot], writes: [y], parameters: parameters),
      inputs: [input])
    return Value(slot: y, shape: input.shape, isTrainable: input.isTrainable || trains(parameters))
  }

  /// The gradient of the slopes where they are trained, then that of the input where it is wanted.
  mutating func preluBackward(_ record: Record, rows: Int, columns: Int, dy: SlotID) {
    let reads = [record.instruction.reads[0], dy]
    backwardWeights(.preluBackwardWeights(rows: rows, columns: columns), of: record, reads: reads)
    backwardData(
      .preluBackwardData(rows: rows, columns: columns), of: record, reads: reads,
      parameters: record.instruction.parameters)
  }

  /// A softmax over the channels at each position.
  mutating func softmax(path: String, input: Value) -> Value {
    pointwise(
      .softmax(rows: input.shape.positions, columns: input.shape.channels), path: path, input: input,
      output: input.shape)
  }

  /// Fixed filters.
  mutating func filter(_ layer: FilterLayer, path: String, input: Value, output: Shape) -> Value {
    pointwise(.filter(layer.geometry(for: input.shape)), path: path, input: input, output: output)
  }

  /// In evaluation, and at a rate of zero, dropout passes its input on.
  mutating func dropout(_ layer: any DropoutDescription, path: String, input: Value) -> Value {
    guard isTraining, layer.rate > 0 else { return input }
    let (rows, columns) = layer.mask(for: input.shape)
    let y = slot("\(path) y", perSample: input.shape.count)
    let mask = slot("\(path) mask", perSample: columns)
    forward(
      Instruction(
        operation: .dropout(rate: Float(layer.rate), subject: StableHash.of(path), rows: rows, columns: columns),
        pass: .forward, path: path, reads: [input.slot], writes: [y, mask]),
      inputs: [input])
    return Value(slot: y, shape: input.shape, isTrainable: input.isTrainable)
  }

  /// A trainable factor for each channel.
  mutating func layerScale(_ layer: LayerScaleLayer, path: String, input: Value) -> Value {
    let parameters = register(layer, path: path, input: input.shape)
    let y = slot("\(path) y", perSample: input.shape.count)
    forward(
      Instruction(
        operation: .channelScale(positions: input.shape.positions, channels: input.shape.channels), pass: .forward,
        path: path, reads: [input.slot], writes: [y], parameters: parameters),
      inputs: [input])
    return Value(slot: y, shape: input.shape, isTrainable: input.isTrainable || trains(parameters))
  }

  /// The gradient of the factors where they are trained, then that of the input where it is wanted.
  mutating func layerScaleBackward(_ record: Record, positions: Int, channels: Int, dy: SlotID) {
    let forward = record.instruction
    backwardWeights(
      .channelScaleBackwardWeights(positions: positions, channels: channels), of: record,
      reads: [forward.reads[0], dy])
    backwardData(
      .channelScale(positions: positions, channels: channels), of: record, reads: [dy],
      parameters: forward.parameters)
  }
}
