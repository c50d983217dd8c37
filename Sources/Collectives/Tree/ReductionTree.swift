/// The one order in which the gradients of a step's micro-batches are added: a binary tree over their index.
///
/// A node over n leaves splits at the largest power of two below n, so 3 = 2 + 1, 6 = 4 + 2 and 8 = 4 + 4. The tree
/// depends on the number of leaves alone. Whoever adds along it, on however many ranks and lanes, gets the same bits.
package struct ReductionTree: Hashable, Sendable {
  /// The number of leaves, G: the micro-batches of a global batch.
  package let leaves: Int

  /// The tree over `leaves` leaves, at least one.
  package init(leaves: Int) {
    precondition(leaves > 0, "a reduction tree needs a leaf")
    self.leaves = leaves
  }

  /// The node that covers all leaves.
  package var root: Range<Int> { 0..<leaves }

  /// The two nodes that are added to make one.
  package struct Split: Hashable, Sendable {
    /// The summand with the lower leaves; the sum takes its place.
    package let left: Range<Int>
    /// The summand with the higher leaves.
    package let right: Range<Int>
  }

  /// The summands of `node`; nil for a leaf.
  package func split(of node: Range<Int>) -> Split? {
    guard node.count > 1 else { return nil }
    let half = 1 << (Int.bitWidth - 1 - (node.count - 1).leadingZeroBitCount)
    let middle = node.lowerBound + half
    return Split(left: node.lowerBound..<middle, right: middle..<node.upperBound)
  }

  /// The split of the parent of `node`, that is `node` and its sibling; nil for the root and for a range that is no
  /// node of this tree.
  package func parentSplit(of node: Range<Int>) -> Split? {
    var current = root
    while current != node, let split = split(of: current) {
      if split.left == node || split.right == node { return split }
      current = node.lowerBound < split.left.upperBound ? split.left : split.right
    }
    return nil
  }

  /// The largest nodes that lie inside `range`, in the order of their leaves. Together they cover it exactly.
  package func nodes(covering range: Range<Int>) -> [Range<Int>] {
    precondition(range.lowerBound >= 0 && range.upperBound <= leaves, "\(range) leaves the tree's \(leaves) leaves")
    var found: [Range<Int>] = []
    collect(root, inside: range, into: &found)
    return found
  }

  private func collect(_ node: Range<Int>, inside range: Range<Int>, into found: inout [Range<Int>]) {
    guard node.overlaps(range) else { return }
    if range.lowerBound <= node.lowerBound, node.upperBound <= range.upperBound { return found.append(node) }
    guard let split = split(of: node) else { return }
    collect(split.left, inside: range, into: &found)
    collect(split.right, inside: range, into: &found)
  }

  /// The share of rank `rank` when `items` items are dealt to `ranks` ranks: contiguous, and no share is larger than
  /// another by more than one.
  package static func share(of items: Int, rank: Int, ranks: Int) -> Range<Int> {
    precondition(items >= 0 && rank >= 0 && rank < ranks, "rank \(rank) of \(ranks) has no share of \(items)")
    return rank * items / ranks..<(rank + 1) * items / ranks
  }

  /// The rank in whose share an item is.
  package static func owner(of item: Int, among items: Int, ranks: Int) -> Int {
    precondition((0..<items).contains(item) && ranks > 0, "item \(item) of \(items) has no owner among \(ranks)")
    // The last rank whose share begins at or before the item.
    return ((item + 1) * ranks - 1) / items
  }
}

/// A node of the reduction tree and the place where its sum stands.
package struct PlacedNode<Place: Hashable & Sendable>: Hashable, Sendable {
  /// The leaves that are summed.
  package let range: Range<Int>
  /// The buffer that holds the sum.
  package let place: Place
}

/// One step of a sum: destination += source.
package struct Addition<Place: Hashable & Sendable>: Hashable, Sendable {
  /// The buffer of the left sibling, which becomes their parent's.
  package let destination: Place
  /// The buffer of the right sibling, which is free afterwards.
  package let source: Place

  /// The addition destination += source.
  package init(destination: Place, source: Place) {
    self.destination = destination
    self.source = source
  }
}

/// Joins nodes that come in the order of their leaves: as soon as two siblings stand side by side they are added.
///
/// What is left is the list of the largest nodes inside the range seen so far. It is a stack, since only its last
/// two nodes can become siblings anew.
struct SiblingStack<Place: Hashable & Sendable> {
  private let tree: ReductionTree
  /// The nodes that wait for a sibling, in order.
  private(set) var nodes: [PlacedNode<Place>] = []

  /// An empty stack.
  init(tree: ReductionTree) { self.tree = tree }

  /// Takes the next node and returns the additions that it makes possible, in order.
  mutating func push(_ node: PlacedNode<Place>) -> [Addition<Place>] {
    nodes.append(node)
    var additions: [Addition<Place>] = []
    while let addition = joinLastTwo() { additions.append(addition) }
    return additions
  }

  private mutating func joinLastTwo() -> Addition<Place>? {
    guard nodes.count > 1 else { return nil }
    let right = nodes[nodes.count - 1]
    let left = nodes[nodes.count - 2]
    guard tree.parentSplit(of: right.range) == ReductionTree.Split(left: left.range, right: right.range) else {
      return nil
    }
    nodes.removeLast(2)
    nodes.append(PlacedNode(range: left.range.lowerBound..<right.range.upperBound, place: left.place))
    return Addition(destination: left.place, source: right.place)
  }
}
