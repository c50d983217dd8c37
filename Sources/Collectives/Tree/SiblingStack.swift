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
