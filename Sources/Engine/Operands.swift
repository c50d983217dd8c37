import Kernels
package import Planner

/// A program while it runs over one micro-batch: where its operands lie, and what its losses have found so far.
///
/// Memory comes in as addresses and goes out as spans, here and nowhere else in the engine. The bounds hold because the
/// verifier has checked the plan, so that every slot lies within the arena and every tensor within the flat buffers;
/// the kernels check all counts again.
@safe
package struct Execution: ~Copyable, ~Escapable {
  /// The program that runs.
  package let program: Program
  /// The layout of the flat buffers.
  package let layout: FlatLayout
  /// The samples.
  let batch: MicroBatch
  /// Seed, step and global batch.
  let context: StepContext
  /// What the losses have found.
  var score = Score()
  /// The memory of all slots but the images.
  private let arena: UnsafeMutablePointer<Float>
  /// The flat parameter buffer; between two instructions the exchange may write to it.
  private let parameters: UnsafePointer<Float>
  /// The flat buffer of this micro-batch's gradient; nil in evaluation.
  private let gradient: UnsafeMutablePointer<Float>?

  /// An execution that has not begun.
  @_lifetime(copy batch, borrow arena)
  init(
    _ program: Program, layout: FlatLayout, arena: borrowing AlignedBuffer, batch: borrowing MicroBatch,
    parameters: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>?, context: StepContext
  ) {
    precondition(program.arenaCount <= arena.count, "an arena of \(arena.count) floats for \(program.arenaCount)")
    self.program = program
    self.layout = layout
    self.batch = copy batch
    self.context = context
    unsafe self.arena = arena.unsafeBase
    unsafe self.parameters = parameters
    unsafe self.gradient = gradient
  }
}

/// The operands of an instruction, each by its index in the list that the operation's comment gives. An output may lie
/// over an input where the planner allows it.
extension Execution {
  /// The values that the instruction reads.
  @_lifetime(borrow self)
  func input(_ instruction: Instruction, _ index: Int = 0) -> Span<Float> { values(instruction.reads[index]) }

  /// The values that the instruction reads; empty if it reads none there.
  @_lifetime(borrow self)
  func optionalInput(_ instruction: Instruction, _ index: Int) -> Span<Float> {
    instruction.reads.indices.contains(index) ? input(instruction, index) : Span()
  }

  /// The values that the instruction writes.
  @_lifetime(borrow self)
  func output(_ instruction: Instruction, _ index: Int = 0) -> MutableSpan<Float> {
    unsafe _overrideLifetime(memory(instruction.writes[index]).mutableSpan, borrowing: self)
  }

  /// The values that the instruction writes; empty if it writes none there.
  @_lifetime(borrow self)
  func optionalOutput(_ instruction: Instruction, _ index: Int) -> MutableSpan<Float> {
    instruction.writes.indices.contains(index) ? output(instruction, index) : MutableSpan()
  }

  /// The indices that the instruction reads; they stand in a slot like floats, which have the same size.
  @_lifetime(borrow self)
  func inputIndices(_ instruction: Instruction, _ index: Int) -> Span<Int32> {
    unsafe _overrideLifetime(UnsafeBufferPointer(indices(instruction.reads[index])).span, borrowing: self)
  }

  /// The indices that the instruction writes.
  @_lifetime(borrow self)
  func outputIndices(_ instruction: Instruction, _ index: Int) -> MutableSpan<Int32> {
    unsafe _overrideLifetime(indices(instruction.writes[index]).mutableSpan, borrowing: self)
  }

  /// The memory that the instruction works in; empty if it needs none.
  @_lifetime(borrow self)
  func scratch(_ instruction: Instruction) -> MutableSpan<Float> {
    guard let id = instruction.scratch else { return MutableSpan() }
    return unsafe _overrideLifetime(memory(id).mutableSpan, borrowing: self)
  }

  /// The values of the instruction's parameter; empty if it has none there (a layer without bias).
  @_lifetime(borrow self)
  func parameter(_ instruction: Instruction, _ index: Int) -> Span<Float> {
    guard instruction.parameters.indices.contains(index) else { return Span() }
    return parameters(layout[instruction.parameters[index]].range)
  }

  /// The gradient of the instruction's parameter; empty if it has none there.
  @_lifetime(borrow self)
  func gradient(_ instruction: Instruction, _ index: Int) -> MutableSpan<Float> {
    guard instruction.gradients.indices.contains(index), let id = instruction.gradients[index] else {
      return MutableSpan()
    }
    return gradient(layout[id].range)
  }

  /// The same, or `count` floats of the scratch, which take the place of a frozen parameter's gradient; empty if the
  /// instruction has neither.
  @_lifetime(borrow self)
  func gradient(_ instruction: Instruction, _ index: Int, orScratch count: Int) -> MutableSpan<Float> {
    let isFrozen = !instruction.gradients.indices.contains(index) || instruction.gradients[index] == nil
    return isFrozen ? scratch(instruction, index * count, count) : gradient(instruction, index)
  }

  /// A part of the memory that the instruction works in, from an offset on; empty if it needs none.
  @_lifetime(borrow self)
  func scratch(_ instruction: Instruction, _ offset: Int, _ count: Int) -> MutableSpan<Float> {
    guard let id = instruction.scratch else { return MutableSpan() }
    let whole = unsafe memory(id)
    precondition(offset + count <= whole.count, "the scratch of '\(instruction.path)' is too small")
    return unsafe _overrideLifetime(
      UnsafeMutableBufferPointer(rebasing: whole[offset..<offset + count]).mutableSpan, borrowing: self)
  }
}

/// Slots and ranges of the flat buffers.
extension Execution {
  /// The values of a slot.
  @_lifetime(borrow self)
  func values(_ id: SlotID) -> Span<Float> {
    if id == program.images { return batch.images }
    return unsafe _overrideLifetime(UnsafeBufferPointer(memory(id)).span, borrowing: self)
  }

  /// A range of the flat parameter buffer.
  @_lifetime(borrow self)
  func parameters(_ range: Range<Int>) -> Span<Float> {
    let buffer = unsafe UnsafeBufferPointer(start: parameters + range.lowerBound, count: range.count)
    return unsafe _overrideLifetime(buffer.span, borrowing: self)
  }

  /// A range of the flat gradient buffer.
  @_lifetime(borrow self)
  func gradient(_ range: Range<Int>) -> MutableSpan<Float> {
    guard let base = unsafe gradient else { preconditionFailure("an evaluation has no gradient") }
    let buffer = unsafe UnsafeMutableBufferPointer(start: base + range.lowerBound, count: range.count)
    return unsafe _overrideLifetime(buffer.mutableSpan, borrowing: self)
  }

  /// Lets `body` change the values of a slot, for faults that are made on purpose. The slot must be live, and not that
  /// of the images, which are the caller's.
  package func change(_ id: SlotID, _ body: (inout MutableSpan<Float>) -> Void) {
    precondition(id != program.images, "the images do not lie in the arena")
    var values = unsafe memory(id).mutableSpan
    body(&values)
  }

  /// The same for the gradient of a parameter.
  package func changeGradient(_ id: ParameterID, _ body: (inout MutableSpan<Float>) -> Void) {
    var values = gradient(layout[id].range)
    body(&values)
  }

  /// Whether there is a gradient to write: not in evaluation.
  var hasGradient: Bool { unsafe gradient != nil }

  private func memory(_ id: SlotID) -> UnsafeMutableBufferPointer<Float> {
    let slot = program[id]
    return unsafe UnsafeMutableBufferPointer(start: arena + slot.offset, count: slot.count)
  }

  private func indices(_ id: SlotID) -> UnsafeMutableBufferPointer<Int32> {
    unsafe UnsafeMutableRawBufferPointer(memory(id)).bindMemory(to: Int32.self)
  }
}
