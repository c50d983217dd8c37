/// Places slots in the arena so that slots that live at the same time never overlap, but for results that overwrite an
/// operand on purpose.
///
/// Largest first, each at the lowest offset that is free during its whole life: the greedy-by-size strategy of
/// Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020, section 5.2.
struct ArenaPlanner {
  /// From the first instruction that writes a slot to the last that touches it.
  typealias Life = ClosedRange<Int>

  /// The lives of all slots; nil for a slot that no instruction touches.
  static func lives(of slotCount: Int, in instructions: [Instruction]) -> [Life?] {
    var lives = [Life?](repeating: nil, count: slotCount)
    for (index, instruction) in instructions.enumerated() {
      for slot in instruction.touched {
        lives[slot.index] = (lives[slot.index]?.lowerBound ?? index)...index
      }
    }
    return lives
  }

  /// Sets the offsets of `slots`.
  ///
  /// - Parameters:
  ///   - slots: the slots to place.
  ///   - instructions: the program.
  ///   - outside: slots that lie outside the arena.
  ///   - kept: slots that must survive to the end of the program.
  ///   - reuse: whether memory may be shared; without it all slots lie one after the other.
  /// - Returns: the arena's size.
  static func place(
    _ slots: inout [Slot], for instructions: [Instruction], outside: Set<SlotID>, kept: Set<SlotID>, reuse: Bool
  ) -> Int {
    let lives = lives(of: slots.count, in: instructions).enumerated().map { index, life -> Life? in
      guard let life, !outside.contains(SlotID(index: index)) else { return nil }
      return kept.contains(SlotID(index: index)) ? life.lowerBound...instructions.count : life
    }
    let alone = lives.indices.filter { lives[$0] != nil }.map { [$0] }
    let buffers = reuse ? buffers(of: slots, lives, instructions) : alone
    var placed: [(range: Range<Int>, life: Life)] = []
    var end = 0
    // The slots of a buffer are equally large.
    for buffer in buffers.sorted(by: { (slots[$0[0]].count, $1[0]) > (slots[$1[0]].count, $0[0]) }) {
      let ends = buffer.compactMap { lives[$0] }
      guard let start = ends.map(\.lowerBound).min(), let last = ends.map(\.upperBound).max() else { continue }
      let rivals = placed.filter { !reuse || $0.life.overlaps(start...last) }.map(\.range)
      let offset = lowestGap(for: slots[buffer[0]].count, among: rivals)
      for index in buffer { slots[index].offset = offset }
      placed.append((slots[buffer[0]].range, start...last))
      end = max(end, aligned(slots[buffer[0]].range.upperBound))
    }
    return end
  }

  /// The slots that live one after the other in the same memory, each overwriting the one before; most are alone.
  private static func buffers(of slots: [Slot], _ lives: [Life?], _ instructions: [Instruction]) -> [[Int]] {
    var successors = [Int?](repeating: nil, count: slots.count)
    var overwrites: Set<Int> = []
    for (index, instruction) in instructions.enumerated() {
      let pairs = Overwriting.possible(in: instruction, at: index, lives: lives, slots: slots)
      guard let pair = pairs.first else { continue }
      successors[pair.read.index] = pair.write.index
      overwrites.insert(pair.write.index)
    }
    return slots.indices.filter { lives[$0] != nil && !overwrites.contains($0) }.map { first in
      Array(sequence(first: first) { successors[$0] })
    }
  }

  private static func lowestGap(for count: Int, among taken: [Range<Int>]) -> Int {
    var offset = 0
    for range in taken.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if offset + count <= range.lowerBound { break }
      offset = max(offset, aligned(range.upperBound))
    }
    return offset
  }

  private static func aligned(_ offset: Int) -> Int {
    (offset + FlatLayout.alignment - 1) / FlatLayout.alignment * FlatLayout.alignment
  }
}

extension Instruction {
  /// Every slot that the instruction reads, writes or works in.
  package var touched: [SlotID] { reads + writes + (scratch.map { [$0] } ?? []) }
}
