import Network
import Operators

extension Lowering {
  /// A dense layer.
  mutating func dense(_ layer: DenseLayer, path: String, input: Value, output: Shape) -> Value {
    let parameters = register(layer, path: path, input: input.shape)
    let y = slot("\(path) y", perSample: output.count)
    forward(
      Instruction(
        operation: .dense(inputs: input.shape.count, outputs: output.count), pass: .forward, path: path,
        reads: [input.slot], writes: [y], parameters: parameters),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: input.isTrainable || trains(parameters))
  }

  /// The gradients of the parameters that are trained, then that of the input where it is wanted.
  mutating func denseBackward(_ record: Record, inputs: Int, outputs: Int, dy: SlotID) {
    let forward = record.instruction
    if trains([forward.parameters[0]]) {
      let operation = Operation.denseBackwardWeights(inputs: inputs, outputs: outputs)
      backwardWeights(operation, of: record, reads: [forward.reads[0], dy])
    } else {
      backwardBias(of: record, channels: outputs, dy: dy)
    }
    backwardData(
      .denseBackwardData(inputs: inputs, outputs: outputs), of: record, reads: [dy],
      parameters: [forward.parameters[0]])
  }
}
