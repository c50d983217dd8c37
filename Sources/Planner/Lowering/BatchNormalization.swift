import Network

extension Lowering {
  /// Statistics of the micro-batch in training, running statistics in evaluation.
  mutating func batchNormalization(_ layer: BatchNormalizationLayer, path: String, input: Value) -> Value {
    let shape = input.shape
    let statistics = StatisticsID(index: layers.count { $0.statistics != nil })
    let parameters = register(layer, path: path, input: shape)
    let y = slot("\(path) y", perSample: shape.count)
    var instruction = Instruction(
      operation: .batchNormalizationEvaluation(
        channels: shape.channels, positions: shape.positions, epsilon: Float(layer.epsilon)),
      pass: .forward, path: path, reads: [input.slot], writes: [y], parameters: parameters)
    if isTraining {
      let mean = slot("\(path) mean", count: shape.channels)
      let deviation = slot("\(path) 1/deviation", count: shape.channels)
      instruction = Instruction(
        operation: .batchNormalization(
          channels: shape.channels, positions: shape.positions, epsilon: Float(layer.epsilon)),
        pass: .forward, path: path, reads: [input.slot], writes: [y, mean, deviation], parameters: parameters)
    }
    instruction.statistics = statistics
    forward(instruction, inputs: [input])
    return Value(slot: y, shape: shape, isTrainable: true)
  }

  /// One instruction gives the gradients of input, scale and shift: they share their sums.
  mutating func batchNormalizationBackward(_ record: Record, channels: Int, positions: Int, dy: SlotID) {
    let forward = record.instruction
    let dx = slot("\(forward.path) dx", perSample: channels * positions)
    instructions.append(
      Instruction(
        operation: .batchNormalizationBackward(channels: channels, positions: positions), pass: .backward,
        path: forward.path, reads: [forward.reads[0], dy, forward.writes[1], forward.writes[2]], writes: [dx],
        parameters: [forward.parameters[0]], gradients: forward.parameters))
    if record.wantsGradient[0] { arrive(dx, at: forward.reads[0]) }
  }
}
