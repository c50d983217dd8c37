/// Choices, for random test cases.
extension RandomStream {
  /// A random number of `range`.
  package mutating func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + integer(below: range.count) }

  /// A random element of `items`, which must not be empty.
  package mutating func pick<Item>(_ items: [Item]) -> Item { items[integer(below: items.count)] }

  /// True once in `n` times.
  package mutating func oneIn(_ n: Int) -> Bool { integer(below: n) == 0 }
}
