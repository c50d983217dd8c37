/// The forward pass of a training program, to be cut into blocks: which values the backward pass comes back to, and
/// which of them cross a border. A border is the index of the first instruction after it.
struct ForwardBlocks {
  /// The instructions from the images to the outputs.
  let instructions: [Instruction]
  /// All slots of the program.
  private let slots: [Slot]
  /// From the instruction that writes a slot to the last that reads it; to the end for what the losses read.
  private let lives: [ArenaPlanner.Life?]
  /// For each instruction, how many of the values that it writes the backward pass reads.
  private let saved: [Int]

  /// The forward pass of `program`; `kept` slots must survive it.
  init(of program: [Instruction], slots: [Slot], kept: Set<SlotID>) {
    let instructions = Array(program.prefix { $0.pass == .forward })
    let results = kept.union(program.filter { $0.pass == .loss }.flatMap(\.reads))
    let comesBack = Set(program.filter { $0.pass == .backward }.flatMap(\.reads))
    self.instructions = instructions
    self.slots = slots
    self.lives = ArenaPlanner.lives(of: slots.count, in: instructions).enumerated().map { index, life in
      results.contains(SlotID(index: index)) ? life.map { $0.lowerBound...instructions.count } : life
    }
    self.saved = instructions.map { instruction in
      instruction.writes.filter(comesBack.contains).reduce(0) { $0 + slots[$1.index].count }
    }
  }

  /// Several cuts, from one that leaves the pass whole to one into as many blocks as it has instructions.
  var cuts: [[Int]] {
    let total = saved.reduce(0, +)
    let counts = sequence(first: 1) { $0 + max(1, $0 / 2) }.prefix { $0 <= instructions.count }
    return counts.map { borders(budget: total / $0) }
  }

  /// The borders between blocks that save about `budget` elements each. A block that has grown beyond that ends where
  /// the fewest further elements must be kept, which is where a module of the network ends; of equal borders at the
  /// last.
  ///
  /// Source: Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost", 2016, algorithm 3; there
  /// the borders are given, and the block ends at the next one.
  private func borders(budget: Int) -> [Int] {
    var borders: [Int] = []
    var (start, size) = (0, 0)
    for index in instructions.indices {
      size += saved[index]
      while size > budget, start < index {
        start = cheapestBorder(of: start..<index)
        size = saved[start...index].reduce(0, +)
        borders.append(start)
      }
    }
    return borders
  }

  /// The best border for a block that begins at the lower bound, after at least one and at most all of `block`.
  private func cheapestBorder(of block: Range<Int>) -> Int {
    var best = (border: block.upperBound, price: Int.max)
    for border in block.map({ $0 + 1 }) {
      let price = instructions[block.lowerBound..<border].flatMap(\.writes).filter { crosses($0, border) }
        .reduce(0) { $0 + slots[$1.index].count }
      if price <= best.price { best = (border, price) }
    }
    return best.border
  }

  private func crosses(_ slot: SlotID, _ border: Int) -> Bool {
    guard let life = lives[slot.index] else { return false }
    return life.lowerBound < border && border <= life.upperBound
  }

  /// The slots that are given up when the pass is cut at `borders`, with the instruction that writes them. Kept is what
  /// crosses a border, the few values that are written beside it (the mean of a batch normalization beside its result),
  /// and the last block, whose gradients come first.
  func givenUp(borders: [Int]) -> [SlotID: Int] {
    guard let last = borders.last else { return [:] }
    var writers: [SlotID: Int] = [:]
    for index in 0..<last {
      let writes = instructions[index].writes
      let kept = writes.filter { slot in borders.contains { crosses(slot, $0) } }
      let few = kept.map { slots[$0.index].count / 16 }.max() ?? 0
      for slot in writes where !kept.contains(slot) && slots[slot.index].count > few { writers[slot] = index }
    }
    return writers
  }
}
