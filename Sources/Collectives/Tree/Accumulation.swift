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

  /// The tree that is followed.
  package let tree: ReductionTree
  /// The micro-batches in the order in which they are computed.
  package let leaves: [Leaf]
  /// The number of slots: the most subtree sums that are alive at once, so no schedule needs fewer.
  package let slotCount: Int
  /// The sums that are left at the end, `tree.nodes(covering:)` of the range, and their slots.
  package let nodes: [PlacedNode<Int>]
}

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
    return Accumulation(tree: self, leaves: schedule, slotCount: slotCount, nodes: stack.nodes)
  }
}
