import Network
import Operators


extension Lowering {
  /// Statistics of the micro-batch in training, running statistics in evaluation.
  mutating func batchNormalization(_ layer: BatchNormalizationLayer, path: String, input: Value) -> Value {
    let shape = input.shape
    let statistics = StatisticsID(index: layers.count { $0.statistics != nil })
    let parameters = register(layer, path: path, input: shape)
    let y = slot("\(path) y", perSample: shape.count)
    var instruction = Instruction(
      operation: .batchNormalizationEvaluation(
        channels: shape.channels, positions: shape.positions, epsilon: Float(layer.epsilon),
        NormalizationTail()),
      pass: .forward, path: path, reads: [input.slot], writes: [y], parameters: parameters)
    if isTraining {
      let mean = slot("\(path) mean", count: shape.channels)
      let deviation = slot("\(path) 1/deviation", count: shape.channels)
      instruction = Instruction(
        operation: .batchNormalization(
          channels: shape.channels, positions: shape.positions, epsilon: Float(layer.epsilon), NormalizationTail()),
        pass: .forward, path: path, reads: [input.slot], writes: [y, mean, deviation], parameters: parameters)
    }
    instruction.statistics = statistics
    forward(instruction, inputs: [input])
    return Value(slot: y, shape: shape, isTrainable: true)
  }

  /// Group, instance and layer normalization: the same in training and evaluation.
  mutating func groupNormalization(
    _ layer: any GroupedNormalizationLayer, path: String, input: Value
  ) -> Value {
    let groups = layer.groups(for: input.shape)
    let parameters = register(layer, path: path, input: input.shape)
    let writes = [
      slot("\(path) y", perSample: input.shape.count), slot("\(path) mean", perSample: groups.meanCount),
      slot("\(path) 1/deviation", perSample: groups.meanCount),
    ]
    forward(
      Instruction(
        operation: .groupNormalization(groups, epsilon: Float(layer.epsilon)), pass: .forward, path: path,
        reads: [input.slot], writes: writes, parameters: parameters),
      inputs: [input])
    return Value(slot: writes[0], shape: input.shape, isTrainable: input.isTrainable || !parameters.isEmpty)
  }

  /// One instruction gives the gradients of input, residual, scale and shift: they share their sums. Behind a ReLU the
  /// gradient counts where the result is above zero, and that part of it goes to the residual branch too. The result itself
  /// is only read where a residual was added; else it follows from the input, which is read anyway.
  mutating func batchNormalizationBackward(
    _ record: Record, channels: Int, positions: Int, _ tail: NormalizationTail, dy: SlotID
  ) {
    let place = normalizationBackward(
      record, .batchNormalizationBackward(channels: channels, positions: positions), dy: dy)
    let forward = record.instruction
    if tail.relu, tail.addsResidual { instructions[place].reads.append(forward.writes[0]) }
    if tail.relu, !tail.addsResidual { instructions[place].parameters = forward.parameters }
    guard tail.addsResidual, record.wantsGradient[1] else { return }
    guard tail.relu else { return arrive(dy, at: forward.reads[1]) }
    let masked = slot("\(forward.path) dresidual", count: slots[dy.index].count)
    instructions[place].writes.append(masked)
    arrive(masked, at: forward.reads[1])
  }

  /// The gradients of a normalization within samples, if any of them is wanted: without scale and shift on the images
  /// none is.
  mutating func groupNormalizationBackward(_ record: Record, _ groups: NormalizationGroups, dy: SlotID) {
    guard record.wantsGradient[0] || !record.instruction.parameters.isEmpty else { return }
    _ = normalizationBackward(record, .groupNormalizationBackward(groups), dy: dy)
  }

  /// One instruction gives the gradients of input, scale and shift: they share their sums. Returns its place.
  private mutating func normalizationBackward(_ record: Record, _ operation: Operation, dy: SlotID) -> Int {
    let forward = record.instruction
    let dx = slot("\(forward.path) dx", count: slots[forward.reads[0].index].count)
    instructions.append(
      Instruction(
        operation: operation, pass: .backward, path: forward.path,
        reads: [forward.reads[0], dy, forward.writes[1], forward.writes[2]], writes: [dx],
        parameters: Array(forward.parameters.prefix(1)), gradients: forward.parameters))
    if record.wantsGradient[0] { arrive(dx, at: forward.reads[0]) }
    return instructions.count - 1
  }

  /// Local response normalization keeps its sums for the backward pass.
  mutating func localResponse(_ layer: LocalResponseNormalizationLayer, path: String, input: Value) -> Value {
    let y = slot("\(path) y", perSample: input.shape.count)
    let sums = slot("\(path) sums", perSample: input.shape.count)
    forward(
      Instruction(
        operation: .localResponse(layer.geometry(for: input.shape), positions: input.shape.positions),
        pass: .forward, path: path, reads: [input.slot], writes: [y, sums]),
      inputs: [input])
    return Value(slot: y, shape: input.shape, isTrainable: input.isTrainable)
  }
}
