/// How one lane sums the gradients of the micro-batches it computes in order: which buffer each is written into, and
/// what is added afterwards. A pure value, made before the first step.
package struct Accumulation: Hashable, Sendable {
  /// One micro-batch of the lane.
  package struct Leaf: Hashable, Sendable {
    /// The micro-batch's index in the global batch.
    package let index: Int
    /// The slot its gradient is written into, over what the slot held before.
    package let slot: Int
    /// The additions to run once the gradient is complete, in order.
    package let additions: [Addition<Int>]

    /// A micro-batch, its slot and its additions.
    package init(index: Int, slot: Int, additions: [Addition<Int>]) {
      self.index = index
      self.slot = slot
      self.additions = additions
    }
  }

  /// The micro-batches in the order in which they are computed.
  package let leaves: [Leaf]
  /// The number of slots: the most sums that are alive at once.
  package let slotCount: Int
  /// The sums that are left at the end, and their slots.
  package let nodes: [PlacedNode<Int>]
}

/// How the sums of a rank's lanes become the sums of the rank.
package struct LaneJoin: Hashable, Sendable {
  /// A slot of one of the joined parts.
  package struct Place: Hashable, Sendable {
    /// The part: the lane's index.
    package let part: Int
    /// The slot within the part.
    package let slot: Int

    /// Slot `slot` of part `part`.
    package init(part: Int, slot: Int) {
      self.part = part
      self.slot = slot
    }
  }

  /// The additions to run once all parts are complete, in order.
  package let additions: [Addition<Place>]
  /// The sums that are left, and where they stand.
  package let nodes: [PlacedNode<Place>]
}

/// Along the tree: what is left are `nodes(covering:)`, and no schedule needs fewer slots.
extension ReductionTree {
  /// The schedule of someone who computes the leaves of `range` one after the other.
  package func accumulation(of range: Range<Int>) -> Accumulation {
    precondition(range.lowerBound >= 0 && range.upperBound <= leaves, "\(range) leaves the tree's \(leaves) leaves")
    var stack = SiblingStack<Int>(tree: self)
    var schedule: [Accumulation.Leaf] = []
    for leaf in range {
      // A right sibling frees its slot when it is added, so the slots in use are always 0 ..< the stack's height.
      let slot = stack.nodes.count
      let additions = stack.push(PlacedNode(range: leaf..<leaf + 1, place: slot))
      schedule.append(Accumulation.Leaf(index: leaf, slot: slot, additions: additions))
    }
    let slotCount = (schedule.map(\.slot).max() ?? -1) + 1
    return Accumulation(leaves: schedule, slotCount: slotCount, nodes: stack.nodes)
  }

  /// Joins parts whose ranges follow one another without a gap.
  package func join(_ parts: [Accumulation]) -> LaneJoin {
    var stack = SiblingStack<LaneJoin.Place>(tree: self)
    var additions: [Addition<LaneJoin.Place>] = []
    for (part, accumulation) in parts.enumerated() {
      for node in accumulation.nodes {
        let place = LaneJoin.Place(part: part, slot: node.place)
        additions += stack.push(PlacedNode(range: node.range, place: place))
      }
    }
    return LaneJoin(additions: additions, nodes: stack.nodes)
  }
}

/// One by one, as is usual: one sum is left.
extension Accumulation {
  /// Each gradient is added to the sum of those before it.
  init(oneByOne leaves: Range<Int>) {
    self.leaves = leaves.map { leaf in
      let isFirst = leaf == leaves.lowerBound
      let addition = Addition(destination: 0, source: 1)
      return Leaf(index: leaf, slot: isFirst ? 0 : 1, additions: isFirst ? [] : [addition])
    }
    slotCount = min(2, leaves.count)
    nodes = [PlacedNode(range: leaves, place: 0)]
  }
}

extension LaneJoin {
  /// The sum of each later part is added to that of the first.
  init(oneByOne parts: [Range<Int>]) {
    precondition(!parts.isEmpty, "there is no part to join")
    let first = Place(part: 0, slot: 0)
    additions = parts.indices.dropFirst().map { Addition(destination: first, source: Place(part: $0, slot: 0)) }
    nodes = [PlacedNode(range: parts[0].lowerBound..<parts[parts.count - 1].upperBound, place: first)]
  }
}
