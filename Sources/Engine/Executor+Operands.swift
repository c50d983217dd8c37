import Kernels
import Planner

/// Where the operands of instructions lie.
extension Executor {
  private func current() -> Frame {
    guard let frame = unsafe frame else { preconditionFailure("an instruction runs outside of a micro-batch") }
    return unsafe frame
  }

  /// The samples of the running micro-batch.
  var batch: MicroBatch { unsafe current().batch }

  /// The step of the running micro-batch.
  var context: StepContext { unsafe current().context }

  /// The numbers of a slot, to read.
  func input(_ id: SlotID) -> UnsafeBufferPointer<Float> {
    let slot = program[id]
    if id == program.images { return unsafe batch.images }
    return unsafe UnsafeBufferPointer(start: arena.unsafeBase + slot.offset, count: slot.count)
  }

  /// The numbers of a slot, to write.
  func output(_ id: SlotID) -> UnsafeMutableBufferPointer<Float> {
    let slot = program[id]
    return unsafe UnsafeMutableBufferPointer(start: arena.unsafeBase + slot.offset, count: slot.count)
  }

  /// The numbers of the slot that the instruction reads at `place`; empty if it reads none there.
  func optionalInput(_ instruction: Instruction, _ place: Int) -> UnsafeBufferPointer<Float> {
    guard instruction.reads.indices.contains(place) else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
    return unsafe input(instruction.reads[place])
  }

  /// The numbers of the slot that the instruction writes at `place`; empty if it writes none there.
  func optionalOutput(_ instruction: Instruction, _ place: Int) -> UnsafeMutableBufferPointer<Float> {
    guard instruction.writes.indices.contains(place) else {
      return unsafe UnsafeMutableBufferPointer(start: nil, count: 0)
    }
    return unsafe output(instruction.writes[place])
  }

  /// A slot of indices; they take the place of numbers of the same size.
  func indices(_ id: SlotID) -> UnsafeMutableBufferPointer<Int32> {
    let slot = unsafe output(id)
    return unsafe UnsafeMutableRawBufferPointer(slot).bindMemory(to: Int32.self)
  }

  /// The scratch of an instruction; empty if it needs none.
  func scratch(_ instruction: Instruction) -> UnsafeMutableBufferPointer<Float> {
    guard let id = instruction.scratch else { return unsafe UnsafeMutableBufferPointer(start: nil, count: 0) }
    return unsafe output(id)
  }

  /// The values of the instruction's parameter at `place`; empty if it has none there (a layer without bias).
  func parameter(_ instruction: Instruction, _ place: Int) -> UnsafeBufferPointer<Float> {
    guard instruction.parameters.indices.contains(place) else {
      return unsafe UnsafeBufferPointer(start: nil, count: 0)
    }
    return unsafe parameters(layout[instruction.parameters[place]].range)
  }

  /// A range of the flat parameter buffer.
  func parameters(_ range: Range<Int>) -> UnsafeBufferPointer<Float> {
    unsafe UnsafeBufferPointer(start: current().parameters + range.lowerBound, count: range.count)
  }

  /// The gradient of the instruction's parameter at `place`; empty if it has none there.
  func gradient(_ instruction: Instruction, _ place: Int) -> UnsafeMutableBufferPointer<Float> {
    guard instruction.gradients.indices.contains(place), let id = instruction.gradients[place] else {
      return unsafe UnsafeMutableBufferPointer(start: nil, count: 0)
    }
    return unsafe gradient(id)
  }

  /// The same, or `count` numbers of the scratch that takes the place of a frozen parameter's gradient; empty if the
  /// instruction has neither.
  func gradient(_ instruction: Instruction, _ place: Int, orScratch count: Int) -> UnsafeMutableBufferPointer<Float> {
    let own = unsafe gradient(instruction, place)
    guard own.isEmpty, instruction.scratch != nil else { return unsafe own }
    return unsafe UnsafeMutableBufferPointer(rebasing: scratch(instruction)[place * count..<(place + 1) * count])
  }

  /// The gradient of a parameter.
  func gradient(_ id: ParameterID) -> UnsafeMutableBufferPointer<Float> { unsafe gradient(layout[id].range) }

  /// A range of the flat gradient buffer.
  func gradient(_ range: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    guard let base = unsafe current().gradient else { preconditionFailure("an evaluation has no gradient") }
    return unsafe UnsafeMutableBufferPointer(start: base + range.lowerBound, count: range.count)
  }
}
