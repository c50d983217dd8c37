/// A result that takes the memory of an operand: an operation that goes element by element through that operand has
/// read each of them when it writes its own, and what it writes then is in the cache already.
struct Overwriting: Hashable {
  /// The result.
  let write: SlotID
  /// The operand, which the instruction reads only once and nobody reads afterwards.
  let read: SlotID
}

extension Overwriting {
  /// The operands that results of `instruction`, at `index` of the program, may lie on.
  ///
  /// - Parameters:
  ///   - lives: the lives of all slots; nil for those that lie outside the arena.
  ///   - slots: all slots.
  static func possible(
    in instruction: Instruction, at index: Int, lives: [ArenaPlanner.Life?], slots: [Slot]
  ) -> [Overwriting] {
    guard let write = instruction.writes.first else { return [] }
    return instruction.operation.traits.overwritable
      .filter(instruction.reads.indices.contains)
      .map { Overwriting(write: write, read: instruction.reads[$0]) }
      .filter { pair in
        // A convolution may be asked to add the very gradient that it multiplies: then it needs that to its end.
        guard instruction.reads.count(where: { $0 == pair.read }) == 1 else { return false }
        guard let life = lives[pair.read.index], let written = lives[pair.write.index] else { return false }
        return life.upperBound == index && written.lowerBound == index
          && slots[pair.read.index].count == slots[pair.write.index].count
      }
  }
}
