import Operators

extension Lowering {
  /// Appends the backward pass: for each forward instruction, last first, the instructions that turn the gradient of
  /// its result into gradients of its parameters and inputs. The gradients of the losses have arrived before. No
  /// gradient arrives where nothing upstream is trained, so what only frozen parameters would need is not there.
  mutating func backward() {
    for record in tape.reversed() {
      guard let dy = self.gradient(of: record.instruction.writes[0], path: record.instruction.path) else { continue }
      differentiate(record, dy: dy)
    }
  }

  /// The whole gradient of a slot: the sum of all that has arrived, or nil if nothing has.
  mutating func gradient(of slot: SlotID, path: String) -> SlotID? {
    guard let parts = arrived[slot], var sum = parts.first else { return nil }
    for part in parts.dropFirst() {
      let next = self.slot("\(path) dy sum", count: slots[slot.index].count)
      if !absorbAddition(of: sum, to: part, into: next) {
        instructions.append(
          Instruction(
            operation: .add(count: slots[slot.index].count / batch), pass: .backward, path: path, reads: [sum, part],
            writes: [next]))
      }
      sum = next
    }
    arrived[slot] = [sum]
    return sum
  }

  /// Lets the instruction that writes `part` add `sum` on the way, if it can and if `sum` is there by then; it writes
  /// `next` then.
  private mutating func absorbAddition(of sum: SlotID, to part: SlotID, into next: SlotID) -> Bool {
    guard options.fuses, let index = instructions.lastIndex(where: { $0.writes == [part] }),
      instructions[index].operation.canAdd, instructions[..<index].contains(where: { $0.writes.contains(sum) })
    else { return false }
    instructions[index].reads.append(sum)
    instructions[index].writes = [next]
    return true
  }

  /// Notes that `gradient` is a part of the gradient of `slot`.
  mutating func arrive(_ gradient: SlotID, at slot: SlotID) { arrived[slot, default: []].append(gradient) }

  /// Appends the backward instruction that writes the gradients of a layer's parameters, if any of them is trained.
  mutating func backwardWeights(
    _ operation: Operation, of record: Record, reads: [SlotID], scratch: SlotID? = nil, statistics: StatisticsID? = nil
  ) {
    let gradients = gradients(of: record.instruction.parameters)
    guard !gradients.isEmpty else { return }
    instructions.append(
      Instruction(
        operation: operation, pass: .backward, path: record.instruction.path, reads: reads, scratch: scratch,
        gradients: gradients, statistics: statistics))
  }

  /// Appends the backward instruction that writes the gradient of a bias alone, if that is trained: the sum of dy.
  mutating func backwardBias(of record: Record, channels: Int, dy: SlotID) {
    guard let bias = record.instruction.parameters.dropFirst().first, trains([bias]) else { return }
    let operation = Operation.biasGradient(positions: slots[dy.index].count / batch / channels, channels: channels)
    instructions.append(
      Instruction(
        operation: operation, pass: .backward, path: record.instruction.path, reads: [dy], gradients: [bias]))
  }

  /// The gradients that are wanted of `parameters`, in their order.
  func gradients(of parameters: [ParameterID]) -> [ParameterID?] {
    var gradients = parameters.map { trains([$0]) ? $0 : nil }
    while gradients.last == .some(nil) { gradients.removeLast() }
    return gradients
  }

  /// Appends a backward instruction that writes the gradient of one forward read, if that is wanted.
  mutating func backwardData(
    _ operation: Operation, of record: Record, read: Int = 0, reads: [SlotID], parameters: [ParameterID] = [],
    scratch: SlotID? = nil
  ) {
    guard record.wantsGradient[read] else { return }
    let input = record.instruction.reads[read]
    let dx = slot("\(record.instruction.path) dx", count: slots[input.index].count)
    instructions.append(
      Instruction(
        operation: operation, pass: .backward, path: record.instruction.path, reads: reads, writes: [dx],
        scratch: scratch, parameters: parameters))
    arrive(dx, at: input)
  }

  /// Appends the instructions that turn the gradient of an instruction's result into those of its operands.
  private mutating func differentiate(_ record: Record, dy: SlotID) {
    let (reads, writes) = (record.instruction.reads, record.instruction.writes)
    switch record.instruction.operation {
    case .convolution(let geometry, _): convolutionBackward(record, geometry, dy: dy)
    case .dense(let inputs, let outputs): denseBackward(record, inputs: inputs, outputs: outputs, dy: dy)
    case .transposedConvolution(let geometry, _): transposedConvolutionBackward(record, geometry, dy: dy)
    case .filter(let geometry): backwardData(.filterBackward(geometry), of: record, reads: [dy])
    case .maxPooling(let window, let channels):
      backwardData(.maxPoolingBackward(window, channels: channels), of: record, reads: [dy, writes[1]])
    case .resample(let map): backwardData(.resample(map.transposed), of: record, reads: [dy])
    case .powerPooling(let window, let channels, let exponent):
      let operation = Operation.powerPoolingBackward(window, channels: channels, exponent: exponent)
      backwardData(operation, of: record, reads: [reads[0], writes[0], dy])
    case .globalAveragePooling(let positions, let channels):
      backwardData(.globalAveragePoolingBackward(positions: positions, channels: channels), of: record, reads: [dy])
    case .activation(let function, let count): activationBackward(record, function, count: count, dy: dy)
    case .softmax(let rows, let columns):
      backwardData(.softmaxBackward(rows: rows, columns: columns), of: record, reads: [writes[0], dy])
    case .batchNormalization(let channels, let positions, _, let tail):
      batchNormalizationBackward(record, channels: channels, positions: positions, tail, dy: dy)
    case .batchNormalizationEvaluation(let channels, let positions, let epsilon, let tail):
      let sizes = (channels: channels, positions: positions, epsilon: epsilon)
      frozenNormalizationBackward(record, sizes, tail, dy: dy)
    case .groupNormalization(let groups, _): groupNormalizationBackward(record, groups, dy: dy)
    case .localResponse(let response, let positions):
      let operation = Operation.localResponseBackward(response, positions: positions)
      backwardData(operation, of: record, reads: [reads[0]] + writes + [dy])
    case .dropout(_, _, let rows, let columns):
      backwardData(.dropoutBackward(rows: rows, columns: columns), of: record, reads: [dy, writes[1]])
    case .transpose(let blocks, let rows, let columns):
      backwardData(.transpose(blocks: blocks, rows: columns, columns: rows), of: record, reads: [dy])
    case .shift(let from, let to, let top, let left):
      backwardData(.shift(from: to, to: from, top: -top, left: -left), of: record, reads: [dy])
    case .add: addBackward(record, dy: dy)
    case .multiply(let count): multiplyBackward(record, count: count, dy: dy)
    case .gate(let positions, let channels): gateBackward(record, positions: positions, channels: channels, dy: dy)
    case .channelScale(let positions, let channels):
      layerScaleBackward(record, positions: positions, channels: channels, dy: dy)
    case .concatenate(let positions, let widths):
      concatenateBackward(record, positions: positions, widths: widths, dy: dy)
    case .convolutionBackwardData, .convolutionBackwardWeights, .transposedConvolutionBackwardWeights, .filterBackward,
      .denseBackwardData, .denseBackwardWeights, .biasGradient, .maxPoolingBackward, .powerPoolingBackward,
      .globalAveragePoolingBackward, .activationBackward, .softmaxBackward, .batchNormalizationBackward,
      .batchNormalizationEvaluationBackwardData, .batchNormalizationEvaluationBackwardWeights,
      .groupNormalizationBackward, .localResponseBackward, .dropoutBackward, .gateBackward,
      .channelScaleBackwardWeights, .extract, .loss, .bucketComplete:
      preconditionFailure("\(record.instruction.operation.kind) is not differentiated")
    }
  }
}

extension Operation {
  /// Whether the operation adds a gradient that it reads beside dy to its result, see `convolutionBackwardData`.
  fileprivate var canAdd: Bool {
    guard case .convolutionBackwardData(_, let algorithm) = self else { return false }
    return algorithm.canAdd
  }
}
