import Network
import Operators

extension Lowering {
  /// Statistics of the micro-batch in training, running statistics in evaluation and where they are frozen.
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
    if isTraining, !options.frozenStatistics.contains(path) {
      let mean = slot("\(path) mean", count: shape.channels)
      let rstd = slot("\(path) rstd", count: shape.channels)
      instruction = Instruction(
        operation: .batchNormalization(
          channels: shape.channels, positions: shape.positions, epsilon: Float(layer.epsilon), NormalizationTail()),
        pass: .forward, path: path, reads: [input.slot], writes: [y, mean, rstd], parameters: parameters)
    }
    instruction.statistics = statistics
    forward(instruction, inputs: [input])
    return Value(slot: y, shape: shape, isTrainable: input.isTrainable || trains(parameters))
  }

  /// Group, instance and layer normalization: the same in training and evaluation.
  mutating func groupNormalization(
    _ layer: any GroupedNormalizationLayer, path: String, input: Value
  ) -> Value {
    let groups = layer.groups(for: input.shape)
    let parameters = register(layer, path: path, input: input.shape)
    let writes = [
      slot("\(path) y", perSample: input.shape.count), slot("\(path) mean", perSample: groups.meanCount),
      slot("\(path) rstd", perSample: groups.meanCount),
    ]
    forward(
      Instruction(
        operation: .groupNormalization(groups, epsilon: Float(layer.epsilon)), pass: .forward, path: path,
        reads: [input.slot], writes: writes, parameters: parameters),
      inputs: [input])
    return Value(slot: writes[0], shape: input.shape, isTrainable: input.isTrainable || trains(parameters))
  }

  /// One instruction gives the gradients of input, residual, scale and shift: they share their sums. After a ReLU the
  /// gradient counts where the result is above zero, and that part of it goes to the residual branch too. The result
  /// itself is only read where a residual was added; else it follows from the input, which is read anyway.
  mutating func batchNormalizationBackward(
    _ record: Record, channels: Int, positions: Int, _ tail: NormalizationTail, dy: SlotID
  ) {
    let forward = record.instruction
    guard record.wantsGradient[0] || trains(forward.parameters) else { return residualBackward(record, tail, dy: dy) }
    let operation = Operation.batchNormalizationBackward(channels: channels, positions: positions)
    let index = normalizationBackward(record, operation, channels: channels, dy: dy)
    if tail.relu, tail.addsResidual { instructions[index].reads.append(forward.writes[0]) }
    if tail.relu, !tail.addsResidual { instructions[index].parameters = forward.parameters }
    appendResidualGradient(to: index, record, tail, dy: dy)
  }

  /// The gradient of the residual branch as a second result of the instruction at `index`, if it is wanted; without a
  /// ReLU it is dy itself.
  private mutating func appendResidualGradient(
    to index: Int, _ record: Record, _ tail: NormalizationTail, dy: SlotID
  ) {
    let forward = record.instruction
    guard tail.addsResidual, record.wantsGradient[1] else { return }
    guard tail.relu else { return arrive(dy, at: forward.reads[1]) }
    let masked = slot("\(forward.path) dresidual", count: slots[dy.index].count)
    instructions[index].writes.append(masked)
    arrive(masked, at: forward.reads[1])
  }

  /// The gradient of the residual branch alone, where nothing in front of the normalization is trained.
  private mutating func residualBackward(_ record: Record, _ tail: NormalizationTail, dy: SlotID) {
    let forward = record.instruction
    guard tail.addsResidual, record.wantsGradient[1] else { return }
    guard tail.relu else { return arrive(dy, at: forward.reads[1]) }
    let relu = Operation.activationBackward(.relu, count: slots[dy.index].count / batch)
    backwardData(relu, of: record, read: 1, reads: [forward.writes[0], dy])
  }

  /// With frozen statistics the normalization is a fixed map of each element, so dx needs no sums and not x. A trained
  /// scale or shift does; nothing is fused into such a normalization, so that dy is its own.
  mutating func frozenNormalizationBackward(
    _ record: Record, _ sizes: (channels: Int, positions: Int, epsilon: Float), _ tail: NormalizationTail, dy: SlotID
  ) {
    let forward = record.instruction
    if trains(forward.parameters) {
      let scratch = slot("\(forward.path) scratch", count: slots[dy.index].count + 3 * sizes.channels)
      backwardWeights(
        .batchNormalizationEvaluationBackwardWeights(
          channels: sizes.channels, positions: sizes.positions, epsilon: sizes.epsilon),
        of: record, reads: [forward.reads[0], dy], scratch: scratch, statistics: forward.statistics)
    }
    guard record.wantsGradient[0] else { return residualBackward(record, tail, dy: dy) }
    let factors = slot("\(forward.path) factors", count: sizes.channels)
    backwardData(
      .batchNormalizationEvaluationBackwardData(
        channels: sizes.channels, positions: sizes.positions, epsilon: sizes.epsilon),
      of: record, reads: tail.relu ? [dy, forward.writes[0]] : [dy], parameters: [forward.parameters[0]],
      scratch: factors)
    let index = instructions.count - 1
    instructions[index].statistics = forward.statistics
    appendResidualGradient(to: index, record, tail, dy: dy)
  }

  /// The gradients of a normalization within samples, if any of them is wanted: without scale and shift on the images
  /// none is.
  mutating func groupNormalizationBackward(_ record: Record, _ groups: NormalizationGroups, dy: SlotID) {
    guard record.wantsGradient[0] || trains(record.instruction.parameters) else { return }
    _ = normalizationBackward(record, .groupNormalizationBackward(groups), channels: groups.channels, dy: dy)
  }

  /// One instruction gives the gradients of input, scale and shift: they share their sums, which go to the scratch for
  /// what is frozen. Returns its index.
  private mutating func normalizationBackward(
    _ record: Record, _ operation: Operation, channels: Int, dy: SlotID
  ) -> Int {
    let forward = record.instruction
    let dx = slot("\(forward.path) dx", count: slots[forward.reads[0].index].count)
    let isWhole = forward.parameters.allSatisfy { trains([$0]) }
    instructions.append(
      Instruction(
        operation: operation, pass: .backward, path: forward.path,
        reads: [forward.reads[0], dy, forward.writes[1], forward.writes[2]], writes: [dx],
        scratch: isWhole ? nil : slot("\(forward.path) scratch", count: 2 * channels),
        parameters: Array(forward.parameters.prefix(1)), gradients: gradients(of: forward.parameters)))
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
