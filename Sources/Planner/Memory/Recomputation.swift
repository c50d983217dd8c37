/// How much of the forward pass stays in memory for the backward pass.
package enum RecomputeChoice: String, CaseIterable, Sendable {
  /// All that the backward pass reads.
  case none
  /// What crosses the borders between blocks of layers; the rest is computed a second time when it is needed.
  case blocks
}

/// A training program that gives up values of its forward pass and computes them again, from those that it keeps,
/// before the backward instructions that read them. What is computed twice has the same bits twice, since an
/// instruction's result depends on nothing but its operands, the parameters and (seed, step, sample, layer).
///
/// Source: Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost", 2016, section 4.
struct Recomputation {
  /// The program.
  private(set) var instructions: [Instruction] = []
  /// Its slots: those of the program that keeps everything, and after them those of what is computed again.
  private(set) var slots: [Slot]
  private let forward: [Instruction]
  /// What is given up, with the instruction that writes it.
  private let writers: [SlotID: Int]
  /// Where what was given up is computed again.
  private var copies: [SlotID: SlotID] = [:]

  /// Rewrites `program` so that it gives up all that `blocks`, cut at `borders`, do not keep.
  init(_ program: [Instruction], slots: [Slot], blocks: ForwardBlocks, borders: [Int]) {
    self.slots = slots
    self.forward = blocks.instructions
    self.writers = blocks.givenUp(borders: borders)
    for instruction in program {
      var instruction = instruction
      if instruction.pass == .backward {
        recompute(whatIsMissing(for: instruction.reads))
        instruction.reads = instruction.reads.map(present)
      }
      instructions.append(instruction)
    }
  }

  /// The slot that holds the values of `slot` now.
  private func present(_ slot: SlotID) -> SlotID { copies[slot] ?? slot }

  /// The forward instructions that have to run again before the values of `slots` are there, in order.
  private func whatIsMissing(for slots: [SlotID]) -> [Int] {
    var missing: Set<Int> = []
    var wanted = slots
    while let slot = wanted.popLast() {
      guard let writer = writers[slot], copies[slot] == nil, missing.insert(writer).inserted else { continue }
      wanted += forward[writer].reads
    }
    return missing.sorted()
  }

  private mutating func recompute(_ indices: [Int]) {
    for index in indices { recompute(forward[index]) }
  }

  /// The statistics of a batch normalization have been observed the first time; now they only pass through scratch.
  private mutating func recompute(_ original: Instruction) {
    var instruction = original
    instruction.pass = .recomputation
    instruction.reads = original.reads.map(present)
    instruction.writes = original.writes.map { copy(of: $0) }
    instruction.scratch = original.scratch.map { copy(of: $0) }
    for (slot, copy) in zip(original.writes, instruction.writes) where writers[slot] != nil { copies[slot] = copy }
    if case .batchNormalization(let channels, _, _, _) = original.operation {
      instruction.statistics = nil
      instruction.scratch = slot("recomputed \(original.path) variance", count: channels)
    }
    instructions.append(instruction)
  }

  private mutating func copy(of slot: SlotID) -> SlotID {
    self.slot("recomputed \(slots[slot.index].name)", count: slots[slot.index].count)
  }

  private mutating func slot(_ name: String, count: Int) -> SlotID {
    slots.append(Slot(name: name, count: count))
    return SlotID(index: slots.count - 1)
  }
}

extension Recomputation {
  /// Of several cuts into blocks the program whose arena is the smallest. That which computes nothing twice is among
  /// them, so the arena is never larger than without recomputation.
  ///
  /// - Parameters:
  ///   - outside: slots that lie outside the arena.
  ///   - kept: slots that must survive to the end of the program.
  static func smallest(
    _ program: [Instruction], slots: [Slot], outside: Set<SlotID>, kept: Set<SlotID>
  ) -> (instructions: [Instruction], slots: [Slot]) {
    let blocks = ForwardBlocks(of: program, slots: slots, kept: kept)
    var smallest = (instructions: program, slots: slots)
    var arena = Int.max
    for borders in blocks.cuts {
      let attempt = Recomputation(program, slots: slots, blocks: blocks, borders: borders)
      var placed = attempt.slots
      let size = ArenaPlanner.place(&placed, for: attempt.instructions, outside: outside, kept: kept, reuse: true)
      guard size < arena else { continue }
      (smallest, arena) = ((attempt.instructions, attempt.slots), size)
    }
    return smallest
  }
}
