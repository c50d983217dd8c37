import Operators

extension Lowering {
  /// Sums of more than two branches are formed pair by pair, in order.
  mutating func add(path: String, inputs: [Value], output: Shape) -> Value {
    var sum = inputs[0]
    for input in inputs.dropFirst() {
      let y = slot("\(path) sum", perSample: output.count)
      forward(
        Instruction(
          operation: .add(count: output.count), pass: .forward, path: path, reads: [sum.slot, input.slot],
          writes: [y]),
        inputs: [sum, input])
      sum = Value(slot: y, shape: output, isTrainable: sum.isTrainable || input.isTrainable)
    }
    return sum
  }

  /// The gradient of a sum is that of each operand.
  mutating func addBackward(_ record: Record, dy: SlotID) {
    for (read, input) in record.instruction.reads.enumerated() where record.wantsGradient[read] {
      arrive(dy, at: input)
    }
  }

  /// Products of more than two branches are formed pair by pair, in order; a gate is one factor for each channel.
  mutating func multiply(path: String, inputs: [Value], output: Shape) -> Value {
    var product = inputs[0]
    for input in inputs.dropFirst() {
      let operands = [product, input].sorted { $0.shape.positions > $1.shape.positions }
      let shape = operands[0].shape
      let operation: Operation =
        operands[1].shape == shape
        ? .multiply(count: shape.count) : .gate(positions: shape.positions, channels: shape.channels)
      let y = slot("\(path) product", perSample: shape.count)
      forward(
        Instruction(operation: operation, pass: .forward, path: path, reads: operands.map(\.slot), writes: [y]),
        inputs: operands)
      product = Value(slot: y, shape: shape, isTrainable: operands.contains(where: \.isTrainable))
    }
    return product
  }

  /// The gradient of each factor is dy times the other.
  mutating func multiplyBackward(_ record: Record, count: Int, dy: SlotID) {
    let factors = record.instruction.reads
    backwardData(.multiply(count: count), of: record, read: 0, reads: [dy, factors[1]])
    backwardData(.multiply(count: count), of: record, read: 1, reads: [dy, factors[0]])
  }

  /// The gradient of the tensor, then that of the factors, which are one for each channel.
  mutating func gateBackward(_ record: Record, positions: Int, channels: Int, dy: SlotID) {
    let (x, factors) = (record.instruction.reads[0], record.instruction.reads[1])
    backwardData(.gate(positions: positions, channels: channels), of: record, read: 0, reads: [dy, factors])
    backwardData(.gateBackward(positions: positions, channels: channels), of: record, read: 1, reads: [x, dy])
  }

  /// The branches' channels one after the other.
  mutating func concatenate(path: String, inputs: [Value], output: Shape) -> Value {
    let y = slot("\(path) y", perSample: output.count)
    let widths = inputs.map(\.shape.channels)
    forward(
      Instruction(
        operation: .concatenate(positions: output.positions, widths: widths), pass: .forward, path: path,
        reads: inputs.map(\.slot), writes: [y]),
      inputs: inputs)
    return Value(slot: y, shape: output, isTrainable: inputs.contains(where: \.isTrainable))
  }

  /// Each branch gets its channels of the gradient.
  mutating func concatenateBackward(_ record: Record, positions: Int, widths: [Int], dy: SlotID) {
    var offset = 0
    for (read, width) in widths.enumerated() {
      let operation = Operation.extract(
        positions: positions, total: widths.reduce(0, +), offset: offset, width: width)
      backwardData(operation, of: record, read: read, reads: [dy])
      offset += width
    }
  }
}
