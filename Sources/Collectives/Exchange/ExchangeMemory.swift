internal import Kernels

/// Floats in memory that the exchange shares with others: a flat buffer of the caller's, or what is received into.
///
/// Who moves them may only rely on the order of calls, which the exchange keeps: nothing is read before it has arrived,
/// nothing is changed while it is being sent.
@safe
struct SharedFloats {
  /// The first of the floats.
  let start: UnsafeMutablePointer<Float>

  /// The floats from `start` on.
  init(_ start: UnsafeMutablePointer<Float>) { unsafe self.start = start }

  /// The floats from the one at `offset` on.
  func from(_ offset: Int) -> SharedFloats { unsafe SharedFloats(start + offset) }

  /// A range of the floats.
  func view(_ range: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    unsafe UnsafeMutableBufferPointer(start: start + range.lowerBound, count: range.count)
  }

  /// The bytes of a range, to be sent or received.
  func bytes(_ range: Range<Int>) -> SharedBytes { unsafe SharedBytes(UnsafeMutableRawBufferPointer(view(range))) }

  /// Adds a range of others to the same of these.
  func add(_ range: Range<Int>, of others: SharedFloats) {
    var sum = unsafe view(range).mutableSpan
    Elementwise.accumulate(unsafe others.view(range).span, into: &sum)
  }
}

/// What one message is sent from or received into.
@safe
struct SharedBytes {
  /// The message's place in memory.
  let memory: UnsafeMutableRawBufferPointer

  /// A message at this place.
  init(_ memory: UnsafeMutableRawBufferPointer) { unsafe self.memory = memory }
}

/// The memory into which the parts of other ranks are received: for each slot of the window, one buffer per part.
struct ReceiveBuffers {
  private let memory: SharedFloats
  private let parts: Int
  private let capacity: Int

  /// Allocates slots · parts buffers of `capacity` floats.
  init(slots: Int, parts: Int, capacity: Int) {
    let bytes = slots * parts * capacity * MemoryLayout<Float>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    memory = unsafe SharedFloats(raw.bindMemory(to: Float.self, capacity: slots * parts * capacity))
    self.parts = parts
    self.capacity = capacity
  }

  /// The buffer of one foreign part in one slot.
  func buffer(slot: Int, part: Int) -> SharedFloats { memory.from((slot * parts + part) * capacity) }

  /// Frees the memory; nothing may be under way into it.
  func deallocate() { unsafe memory.start.deallocate() }
}

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

  /// A rank's message, or its first words, to be sent or received.
  func bytes(of rank: Int, first count: Int? = nil) -> SharedBytes {
    let range = ranges[rank].prefix(count ?? ranges[rank].count)
    let message = unsafe UnsafeMutableBufferPointer(start: words + range.lowerBound, count: range.count)
    return unsafe SharedBytes(UnsafeMutableRawBufferPointer(message))
  }

  /// Frees the memory; nothing may be under way into it or out of it.
  func deallocate() { unsafe words.deallocate() }
}

/// A list of numbers to which each rank adds its own, bound to positions of the flat buffer: an item belongs to the
/// rank that owns the position.
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
