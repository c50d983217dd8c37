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
}

extension Operation {
  /// Whether the operation adds a gradient that it reads beside dy to its result, see `convolutionBackwardData`.
  fileprivate var canAdd: Bool {
    guard case .convolutionBackwardData(_, let algorithm) = self else { return false }
    return algorithm.canAdd
  }
}
