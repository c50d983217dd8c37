import Collectives
import Randomness
import TestSupport
import Testing

@Suite struct ReductionTreeTests {
  @Test(arguments: [(2, 1), (3, 2), (4, 2), (5, 4), (6, 4), (7, 4), (8, 4), (9, 8), (37, 32)])
  func `a range splits at the largest power of two below`(leaves: Int, left: Int) {
    let tree = ReductionTree(leaves: leaves)
    #expect(tree.split(of: tree.root)?.left == 0..<left)
    #expect(tree.split(of: tree.root)?.right == left..<leaves)
    #expect(tree.parentSplit(of: tree.root) == nil)
  }

  @Test(arguments: 1...40)
  func `nodes cover every range and are maximal`(leaves: Int) {
    let tree = ReductionTree(leaves: leaves)
    let ranges = (0..<leaves).flatMap { lower in (lower...leaves).map { lower..<$0 } }
    let broken = ranges.filter { range in
      let nodes = tree.nodes(covering: range)
      return nodes.flatMap { Array($0) } != Array(range) || !nodes.allSatisfy { isMaximal($0, in: range, tree) }
    }
    #expect(broken.isEmpty)
  }

  /// A node is maximal in a range if its parent sticks out.
  private func isMaximal(_ node: Range<Int>, in range: Range<Int>, _ tree: ReductionTree) -> Bool {
    guard let split = tree.parentSplit(of: node) else { return node == tree.root }
    return split.left.lowerBound < range.lowerBound || split.right.upperBound > range.upperBound
  }

  @Test(arguments: 1...40)
  func `shares are contiguous and balanced`(items: Int) {
    for ranks in 1...9 {
      let shares = (0..<ranks).map { ReductionTree.share(of: items, rank: $0, ranks: ranks) }
      for item in 0..<items {
        #expect(shares[ReductionTree.owner(of: item, among: items, ranks: ranks)].contains(item))
      }
      #expect(shares.flatMap { Array($0) } == Array(0..<items))
      let counts = shares.map(\.count)
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }
  }

  @Test(arguments: 1...40)
  func `accumulation adds siblings only and leaves the nodes`(leaves: Int) {
    let tree = ReductionTree(leaves: leaves)
    var random = RandomStream(seed: 3, purpose: .testing, sample: UInt64(leaves))
    for _ in 0..<20 {
      let lower = random.integer(below: leaves)
      let range = lower..<lower + 1 + random.integer(below: leaves - lower)
      let schedule = tree.accumulation(of: range)
      #expect(schedule.nodes.map(\.range) == tree.nodes(covering: range))
      #expect(schedule.leaves.map(\.index) == Array(range))
      checkSlots(schedule, tree)
    }
  }

  /// Replays a schedule with the ranges instead of their sums.
  private func checkSlots(_ schedule: Accumulation, _ tree: ReductionTree) {
    var slots = [Range<Int>?](repeating: nil, count: schedule.slotCount)
    var mostAlive = 0
    for leaf in schedule.leaves {
      #expect(slots[leaf.slot] == nil, "a slot is overwritten")
      slots[leaf.slot] = leaf.index..<leaf.index + 1
      mostAlive = max(mostAlive, slots.count { $0 != nil })
      for addition in leaf.additions {
        guard let left = slots[addition.destination], let right = slots[addition.source] else {
          Issue.record("an empty slot is added")
          return
        }
        #expect(tree.parentSplit(of: right) == tree.parentSplit(of: left))
        #expect(left.upperBound == right.lowerBound)
        slots[addition.destination] = left.lowerBound..<right.upperBound
        slots[addition.source] = nil
      }
    }
    #expect(schedule.slotCount == mostAlive)
    for node in schedule.nodes { #expect(slots[node.place] == node.range) }
  }

  @Test func `accumulation of a power of two needs its logarithm of slots`() {
    #expect(ReductionTree(leaves: 8).accumulation(of: 0..<8).slotCount == 4)
    #expect(ReductionTree(leaves: 1).accumulation(of: 0..<1).slotCount == 1)
    #expect(ReductionTree(leaves: 8).accumulation(of: 0..<0).slotCount == 0)
  }

  /// The sum over all leaves has the same bits for any number of ranks, and over a range for any number of lanes.
  @Test(arguments: 1...37)
  func `any ranks and lanes give the bits of the recursion`(leaves: Int) {
    let values = numbers(leaves)
    let tree = ReductionTree(leaves: leaves)
    let expected = recursiveSum(tree.root, values)
    for ranks in 1...min(leaves, 9) {
      for lanes in 1...4 {
        let schedules = (0..<ranks).flatMap { rank in
          self.schedules(tree, ReductionTree.share(of: leaves, rank: rank, ranks: ranks), lanes: lanes)
        }
        let sums = ScheduledSum.nodes(tree.join(schedules), schedules) { [values[$0]] }
        #expect(sums.map { $0.map(\.bitPattern) } == [[expected.bitPattern]])
      }
    }
  }

  @Test(arguments: 1...37)
  func `lanes are joined to the nodes of their union`(leaves: Int) {
    let values = numbers(leaves)
    let tree = ReductionTree(leaves: leaves)
    let range = leaves / 3..<leaves
    for lanes in 1...4 {
      let schedules = schedules(tree, range, lanes: lanes)
      let join = tree.join(schedules)
      let nodes = tree.nodes(covering: range)
      #expect(join.nodes.map(\.range) == nodes)
      let sums = ScheduledSum.nodes(join, schedules) { [values[$0]] }
      #expect(sums.map { $0.map(\.bitPattern) } == nodes.map { [recursiveSum($0, values).bitPattern] })
    }
  }

  private func schedules(_ tree: ReductionTree, _ range: Range<Int>, lanes: Int) -> [Accumulation] {
    (0..<lanes).map { lane in
      let part = ReductionTree.share(of: range.count, rank: lane, ranks: lanes)
      return tree.accumulation(of: range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
    }
  }

  /// Numbers of widely varying magnitude: in another order their sum has other bits.
  private func numbers(_ count: Int) -> [Float] {
    var random = RandomStream(seed: 4, purpose: .testing, sample: UInt64(count))
    return (0..<count).map { _ in
      Float(random.normal()) * Float(sign: .plus, exponent: random.integer(below: 20), significand: 1)
    }
  }

  private func recursiveSum(_ node: Range<Int>, _ values: [Float]) -> Float {
    guard node.count > 1 else { return values[node.lowerBound] }
    let middle = node.lowerBound + (sequence(first: 1) { $0 * 2 }.first { $0 * 2 >= node.count } ?? 1)
    return recursiveSum(node.lowerBound..<middle, values) + recursiveSum(middle..<node.upperBound, values)
  }
}
