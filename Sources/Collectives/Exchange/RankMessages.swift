/// One message of 64-bit words per rank, all in one piece of memory: each rank writes its own and receives the others'.
@safe
struct RankMessages {
  private let words: UnsafeMutablePointer<UInt64>
  private let ranges: [Range<Int>]

  /// Messages of zeros, `counts[rank]` words long.
  init(counts: [Int]) {
    var end = 0
    ranges = counts.map { count in
      end += count
      return end - count..<end
    }
    unsafe words = .allocate(capacity: end)
    unsafe words.initialize(repeating: 0, count: end)
  }

  /// The words of a rank's message, as indices into all words.
  func words(of rank: Int) -> Range<Int> { ranges[rank] }

  /// The word at an index.
  subscript(index: Int) -> UInt64 {
    get { unsafe words[index] }
    nonmutating set { unsafe words[index] = newValue }
  }

  /// A rank's message, to be sent or received.
  func bytes(of rank: Int) -> UnsafeMutableRawBufferPointer {
    let range = ranges[rank]
    return UnsafeMutableRawBufferPointer(
      unsafe UnsafeMutableBufferPointer(start: words + range.lowerBound, count: range.count))
  }

  /// Frees the memory; nothing may be under way into it or out of it.
  func deallocate() { unsafe words.deallocate() }
}

/// A list of numbers to which each rank adds its own, bound to positions of the flat buffer: an item belongs to the rank
/// that owns the position.
struct GatherList {
  /// Each rank's items, in the order of the list.
  let messages: RankMessages
  /// The item of the list that each word of the messages holds.
  private let items: [Int]

  /// A list whose items belong to these positions.
  init(positions: [Int], layout: BucketLayout) {
    var items = [[Int]](repeating: [], count: layout.owners)
    for (item, position) in positions.enumerated() { items[layout.owner(of: position)].append(item) }
    self.messages = RankMessages(counts: items.map(\.count))
    self.items = Array(items.joined())
  }

  /// Writes the items of `rank` into its message.
  func pack(_ list: [Double], of rank: Int) {
    precondition(list.count == items.count, "a list of \(list.count) numbers has \(items.count) positions")
    for word in messages.words(of: rank) { messages[word] = list[items[word]].bitPattern }
  }

  /// Takes the items of all ranks from their messages.
  func unpack(into list: inout [Double]) {
    for word in items.indices { list[items[word]] = Double(bitPattern: messages[word]) }
  }
}
