import Collectives
import Randomness
import Testing
import Training

/// Who computes which micro-batch, and in which order what is added.
@Suite struct WorkShareTests {
  /// All (G, P, T) with P ≤ G.
  private static let cases = (1...37).flatMap { microBatches in
    (1...min(9, microBatches)).flatMap { ranks in (1...4).map { (microBatches, ranks, $0) } }
  }

  private func shares(
    _ microBatches: Int, _ ranks: Int, _ lanes: Int, _ order: ExchangeOrder = .fixed
  ) -> [WorkShare] {
    (0..<ranks).map {
      WorkShare(microBatches: microBatches, rank: $0, ranks: ranks, lanes: lanes, order: order)
    }
  }

  @Test(arguments: ExchangeOrder.allCases)
  func `each micro-batch is computed once`(order: ExchangeOrder) {
    for (microBatches, ranks, lanes) in Self.cases {
      let shares = shares(microBatches, ranks, lanes, order)
      #expect(shares.flatMap { $0.lanes.flatMap { $0.leaves.map(\.index) } } == Array(0..<microBatches))
      for share in shares {
        #expect(share.lanes.flatMap { $0.leaves.map(\.index) } == Array(share.microBatches))
        #expect(share.loadingOrder.sorted() == Array(share.microBatches))
        #expect(share.lanes.count == min(lanes, share.microBatches.count))
        let counts = share.lanes.map(\.leaves.count)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "lanes are loaded alike")
      }
    }
  }

  /// The loader works in rounds: no lane waits for its first micro-batch while another one gets its second.
  @Test func `first micro-batches are loaded first`() {
    let share = WorkShare(microBatches: 10, rank: 1, ranks: 2, lanes: 2, order: .fixed)
    #expect(share.loadingOrder == [5, 7, 6, 8, 9])
  }

  /// Floating-point addition is not associative, so another order shows.
  @Test func `the schedule computes the tree`() {
    var random = RandomStream(seed: 1, purpose: .testing)
    for (microBatches, ranks, lanes) in Self.cases {
      let leaves = (0..<microBatches).map { _ in Float(random.normal()) * (random.integer(below: 2) == 0 ? 1 : 1e4) }
      let tree = ReductionTree(leaves: microBatches)
      for share in shares(microBatches, ranks, lanes) {
        let nodes = tree.nodes(covering: share.microBatches)
        #expect(sums(of: leaves, by: share) == nodes.map { sum(leaves, over: $0, tree) })
      }
    }
  }

  @Test func `the sums are sensitive to the order`() {
    var random = RandomStream(seed: 2, purpose: .testing)
    let leaves = (0..<37).map { _ in Float(random.normal()) }
    let share = WorkShare(microBatches: 37, rank: 0, ranks: 1, lanes: 1, order: .fixed)
    #expect(sums(of: leaves, by: share) != [leaves.reduce(0, +)])
  }

  @Test func `any order adds everything once`() {
    for (microBatches, ranks, lanes) in Self.cases {
      let leaves = (0..<microBatches).map { Float($0 * $0 + 1) }
      let shares = shares(microBatches, ranks, lanes, .any)
      #expect(shares.allSatisfy { $0.sums.count == 1 })
      #expect(shares.flatMap { sums(of: leaves, by: $0) }.reduce(0, +) == leaves.reduce(0, +))
      #expect(shares.allSatisfy { $0.lanes.allSatisfy { $0.slotCount <= 2 } })
    }
  }

  /// While a lane computes a leaf it must hold the largest nodes of what it has computed, and the leaf.
  @Test func `slots are as few as can be`() {
    for (microBatches, ranks, lanes) in Self.cases {
      let tree = ReductionTree(leaves: microBatches)
      for lane in shares(microBatches, ranks, lanes).flatMap(\.lanes) {
        let first = lane.leaves.first?.index ?? 0
        let alive = lane.leaves.map { tree.nodes(covering: first..<$0.index).count + 1 }
        #expect(lane.slotCount == alive.max())
      }
    }
  }

  /// The sum over a node by the definition.
  private func sum(_ leaves: [Float], over node: Range<Int>, _ tree: ReductionTree) -> Float {
    guard let split = tree.split(of: node) else { return leaves[node.lowerBound] }
    return sum(leaves, over: split.left, tree) + sum(leaves, over: split.right, tree)
  }

  /// The sums that a rank hands to the exchange, by following its schedule; slots start with garbage.
  private func sums(of leaves: [Float], by share: WorkShare) -> [Float] {
    var slots = share.lanes.map { [Float](repeating: .nan, count: $0.slotCount) }
    for (lane, schedule) in share.lanes.enumerated() {
      for leaf in schedule.leaves {
        slots[lane][leaf.slot] = leaves[leaf.index]
        for addition in leaf.additions { slots[lane][addition.destination] += slots[lane][addition.source] }
      }
    }
    for addition in share.join {
      slots[addition.destination.part][addition.destination.slot] += slots[addition.source.part][addition.source.slot]
    }
    return share.sums.map { slots[$0.part][$0.slot] }
  }
}
