package import Collectives

/// Which micro-batches a rank computes, how its lanes share them, and how the lanes' gradients are summed. A pure value
/// of (micro-batches, rank, ranks, lanes, order).
package struct WorkShare: Hashable, Sendable {
  /// The rank's micro-batches within the global batch.
  package let microBatches: Range<Int>
  /// What each lane computes and adds.
  package let lanes: [LaneSchedule]
  /// The additions between lanes once all have completed a bucket.
  package let join: [Addition<LaneJoin.Place>]
  /// Where the rank's sums then stand, in the order that the exchange expects.
  package let sums: [LaneJoin.Place]

  /// One lane's part of a step.
  package struct LaneSchedule: Hashable, Sendable {
    /// The micro-batches in order, each with its slot and additions.
    package let leaves: [Accumulation.Leaf]
    /// Flat buffers that the lane needs.
    package let slotCount: Int
  }

  /// The share of rank `rank` of `ranks`, with at most `lanes` lanes.
  package init(microBatches: Int, rank: Int, ranks: Int, lanes: Int, order: OrderedExchange.Order) {
    let own = ReductionTree.share(of: microBatches, rank: rank, ranks: ranks)
    let lanes = max(1, min(lanes, own.count))
    let parts = (0..<lanes).map { lane in
      let share = ReductionTree.share(of: own.count, rank: lane, ranks: lanes)
      return own.lowerBound + share.lowerBound..<own.lowerBound + share.upperBound
    }
    self.microBatches = own
    switch order {
    case .fixed:
      let tree = ReductionTree(leaves: microBatches)
      let accumulations = parts.map(tree.accumulation(of:))
      let joined = tree.join(accumulations)
      self.lanes = accumulations.map { LaneSchedule(leaves: $0.leaves, slotCount: $0.slotCount) }
      self.join = joined.additions
      self.sums = joined.nodes.map(\.place)
    case .any:
      let first = LaneJoin.Place(part: 0, slot: 0)
      self.lanes = parts.map(Self.plainSum)
      self.join = parts.indices.dropFirst().map {
        Addition(destination: first, source: LaneJoin.Place(part: $0, slot: 0))
      }
      self.sums = [first]
    }
  }

  /// Each gradient is added to the sum of those before it, as is usual.
  private static func plainSum(of leaves: Range<Int>) -> LaneSchedule {
    let schedule = leaves.map { leaf in
      let isFirst = leaf == leaves.lowerBound
      let addition = Addition(destination: 0, source: 1)
      return Accumulation.Leaf(index: leaf, slot: isFirst ? 0 : 1, additions: isFirst ? [] : [addition])
    }
    return LaneSchedule(leaves: schedule, slotCount: min(2, leaves.count))
  }

  /// The order in which the prefetch thread prepares the micro-batches of a step: the lanes' first ones first.
  package var loadingOrder: [Int] {
    let longest = lanes.map(\.leaves.count).max() ?? 0
    return (0..<longest).flatMap { round in
      lanes.compactMap { $0.leaves.indices.contains(round) ? $0.leaves[round].index : nil }
    }
  }
}
