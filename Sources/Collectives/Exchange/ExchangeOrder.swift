/// In which order the gradients of a step are summed. All that follows from the choice is asked of it here.
package enum ExchangeOrder: String, Hashable, Sendable, CaseIterable {
  /// Along the one reduction tree over the micro-batches: the same bits for any number of ranks and lanes.
  case fixed
  /// As the transport likes (`MPI_Allreduce`): the bits depend on the number of ranks. A baseline for measurements, and
  /// the negative control of the tests.
  case any

  /// The number of ranks that divide the update among themselves: all of them, or each updates everything for itself.
  package func owners(among ranks: Int) -> Int {
    switch self {
    case .fixed: ranks
    case .any: 1
    }
  }

  /// How a rank sums its micro-batches: `parts` are those of its lanes, one behind the other, out of `leaves` in all.
  /// The sums that are left are those that its exchange takes.
  package func localSums(of parts: [Range<Int>], leaves: Int) -> (lanes: [Accumulation], join: LaneJoin) {
    switch self {
    case .fixed:
      let tree = ReductionTree(leaves: leaves)
      let lanes = parts.map(tree.accumulation(of:))
      return (lanes, tree.join(lanes))
    case .any:
      return (parts.map(Accumulation.init(oneByOne:)), LaneJoin(oneByOne: parts))
    }
  }

  /// The exchange of one rank; every rank passes the same layout and tree.
  ///
  /// - Parameters:
  ///   - layout: the cut of the flat buffer, for `owners(among:)` ranks.
  ///   - parameters: the flat buffer of this rank's replica, `layout.count` floats. It outlives the exchange.
  ///   - sums: the flat buffers in which the sums of `localSums` stand, in their order. They outlive the exchange.
  ///   - update: changes the parameters of what this rank owns.
  ///   - gradientCount: the floats from the start of the flat buffer that are gradient; the trailer behind them is left
  ///     out of the digest.
  ///   - window: the number of buckets that are received at a time, which bounds the memory.
  /// - Throws: `CommunicationError.tooLarge` when the transport has too few tags for the buckets.
  package func exchange(
    _ communicator: any Communicator, layout: BucketLayout, tree: ReductionTree,
    parameters: UnsafeMutablePointer<Float>, sums: [UnsafeMutablePointer<Float>], update: any SegmentUpdate,
    gradientCount: Int, window: Int = 8
  ) throws(CommunicationError) -> any GradientExchange {
    switch self {
    case .fixed:
      try unsafe OrderedExchange(
        communicator, layout: layout, tree: tree, parameters: parameters, sums: sums, update: update,
        gradientCount: gradientCount, window: window)
    case .any:
      unsafe AllReduceExchange(
        communicator, layout: layout, sums: sums, update: update, gradientCount: gradientCount, window: window)
    }
  }
}
