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
  /// The sums that are left, `tree.nodes(covering:)` of the union, and where they stand.
  package let nodes: [PlacedNode<Place>]
}

extension ReductionTree {
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
