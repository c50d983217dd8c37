package import Collectives

/// Which micro-batches a rank computes, how its lanes share them, and how the lanes' gradients are summed. A pure value
/// of (micro-batches, rank, ranks, lanes, order).
package struct WorkShare: Hashable, Sendable {
  /// The rank's micro-batches within the global batch.
  package let microBatches: Range<Int>
  /// What each lane computes and adds.
  package let lanes: [Accumulation]
  /// The additions between lanes once all have completed a bucket.
  package let join: [Addition<LaneJoin.Place>]
  /// Where the rank's sums then stand, in the order that the exchange expects.
  package let sums: [LaneJoin.Place]

  /// The share of rank `rank` of `ranks`, with at most `lanes` lanes.
  package init(microBatches: Int, rank: Int, ranks: Int, lanes: Int, order: ExchangeOrder) {
    let own = ReductionTree.share(of: microBatches, rank: rank, ranks: ranks)
    let lanes = max(1, min(lanes, own.count))
    let parts = (0..<lanes).map { lane in
      let share = ReductionTree.share(of: own.count, rank: lane, ranks: lanes)
      return own.lowerBound + share.lowerBound..<own.lowerBound + share.upperBound
    }
    let local = order.localSums(of: parts, leaves: microBatches)
    self.microBatches = own
    self.lanes = local.lanes
    self.join = local.join.additions
    self.sums = local.join.nodes.map(\.place)
  }

  /// The order in which the prefetch thread prepares the micro-batches of a step: the lanes' first ones first.
  package var loadingOrder: [Int] {
    let longest = lanes.map(\.leaves.count).max() ?? 0
    return (0..<longest).flatMap { round in
      lanes.compactMap { $0.leaves.indices.contains(round) ? $0.leaves[round].index : nil }
    }
  }
}
