/// Which subtree sums meet at the owner of a segment, and in which order they are added. A pure value that every rank
/// computes from the tree: nothing about it is ever negotiated.
struct ExchangePlan {
  /// The sum over one node of the tree, made by one rank.
  struct Part {
    /// The rank that makes the sum.
    let rank: Int
    /// Its place among the parts that come from other ranks; nil if this rank makes it.
    let foreignIndex: Int?
  }

  /// All parts in the order of their leaves; those of this rank are `own`.
  let parts: [Part]
  /// The parts that this rank makes.
  let own: Range<Int>
  /// The number of parts that come from other ranks.
  let foreignCount: Int
  /// The additions that leave the sum over all leaves in part 0; places are indices into `parts`.
  let additions: [Addition<Int>]

  /// The plan of `rank` among `ranks` ranks, at most one per leaf.
  init(tree: ReductionTree, rank: Int, ranks: Int) {
    precondition(ranks <= tree.leaves, "\(ranks) ranks cannot share \(tree.leaves) micro-batches")
    var stack = SiblingStack<Int>(tree: tree)
    var parts: [Part] = []
    var own = 0..<0
    var additions: [Addition<Int>] = []
    for maker in 0..<ranks {
      let nodes = tree.nodes(covering: ReductionTree.share(of: tree.leaves, rank: maker, ranks: ranks))
      if maker == rank { own = parts.count..<parts.count + nodes.count }
      for node in nodes {
        additions += stack.push(PlacedNode(range: node, place: parts.count))
        parts.append(Part(rank: maker, foreignIndex: maker == rank ? nil : parts.count - own.count))
      }
    }
    self.parts = parts
    self.own = own
    self.foreignCount = parts.count - own.count
    self.additions = additions
  }
}

/// The request groups of an exchange.
struct ExchangeGroups {
  private let first: Int
  private let slots: Int

  /// Reserves the groups for a window of `slots` buckets.
  init(communicator: any Communicator, slots: Int) {
    self.first = communicator.reserveGroups(slots + 4)
    self.slots = slots
  }

  /// What arrives for the bucket in a slot of the window.
  func arrivals(slot: Int) -> Int { first + slot }
  /// All that is sent to other ranks.
  var sends: Int { first + slots }
  /// New parameters from the owners.
  var parameters: Int { first + slots + 1 }
  /// What is told of the reduced gradient.
  var reports: Int { first + slots + 2 }
  /// Items of a gathered list, both ways.
  var gathers: Int { first + slots + 3 }
}
