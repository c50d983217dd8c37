/// Rare exchanges of small values: set-up, directives, verdicts. Every rank calls the same ones in the same order.
extension Communicator {
  /// The longest message of a broadcast or gather, in bytes; a length beyond it can only be a mistake.
  package var longestMessage: Int { 1 << 30 }

  /// Group 0 is the helpers' own; each of them leaves it empty.
  private var group: Int { 0 }

  /// The bytes that rank `root` offers, on all ranks. What the others pass is ignored.
  ///
  /// A binomial tree: after round k the ranks below 2^(k+1), counted from the root, have the bytes.
  package func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
    let place = (rank + size - root) % size
    let firstRound = place == 0 ? 1 : 1 << (Int.bitWidth - place.leadingZeroBitCount)
    let message = place == 0 ? bytes : try receiveFramed(from: (rank + size - firstRound / 2) % size)
    for distance in sequence(first: firstRound, next: { $0 * 2 }).prefix(while: { place + $0 < size }) {
      try sendFramed(message, to: (rank + distance) % size)
    }
    return message
  }

  /// The bytes of all ranks in the order of the ranks, on rank `root`; nil on the others.
  package func gather(_ bytes: [UInt8], at root: Int) throws(CommunicationError) -> [[UInt8]]? {
    guard rank == root else {
      try sendFramed(bytes, to: root)
      return nil
    }
    var all: [[UInt8]] = []
    for peer in 0..<size { all.append(peer == rank ? bytes : try receiveFramed(from: peer)) }
    return all
  }

  /// The bytes of all ranks in the order of the ranks, on all ranks.
  package func allGather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] {
    let gathered = try gather(bytes, at: 0) ?? []
    let lengths = gathered.flatMap { Self.encode($0.count) }
    let knownLengths = try broadcast(lengths, from: 0)
    let joined = try broadcast(Array(gathered.joined()), from: 0)
    return try Self.cut(joined, lengths: knownLengths, count: size)
  }

  /// Returns when all ranks have called it.
  ///
  /// The dissemination barrier of Hensgen, Finkel and Manber, International Journal of Parallel Programming 17 (1988).
  package func barrier() throws(CommunicationError) {
    for distance in sequence(first: 1, next: { $0 * 2 }).prefix(while: { $0 < size }) {
      try passToken(to: (rank + distance) % size, from: (rank + size - distance) % size)
    }
  }

  private func sendFramed(_ bytes: [UInt8], to peer: Int) throws(CommunicationError) {
    guard bytes.count <= longestMessage else {
      throw .tooLarge("a message of \(bytes.count) bytes for rank \(peer) is longer than \(longestMessage) bytes")
    }
    try sendNow(Self.encode(bytes.count), to: peer)
    try sendNow(bytes, to: peer)
  }

  private func receiveFramed(from peer: Int) throws(CommunicationError) -> [UInt8] {
    let length = try Self.decode(receiveNow(count: 8, from: peer))
    guard length >= 0, length <= longestMessage else {
      throw .tooLarge("rank \(peer) announces a message of \(length) bytes; the limit is \(longestMessage) bytes")
    }
    return try receiveNow(count: length, from: peer)
  }

  private func sendNow(_ bytes: [UInt8], to peer: Int) throws(CommunicationError) {
    try unsafe bytes.withUnsafeBufferPointer { (memory) throws(CommunicationError) in
      try unsafe send(UnsafeRawBufferPointer(memory), to: peer, tag: Tag.collective, group: group)
      try wait(group: group)
    }
  }

  private func receiveNow(count: Int, from peer: Int) throws(CommunicationError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try unsafe bytes.withUnsafeMutableBufferPointer { (memory) throws(CommunicationError) in
      try unsafe receive(into: UnsafeMutableRawBufferPointer(memory), from: peer, tag: Tag.collective, group: group)
      try wait(group: group)
    }
    return bytes
  }

  /// Sends one byte and receives one. Both are started before either is awaited, since a transport may hold a send
  /// back until it is asked for.
  private func passToken(to next: Int, from previous: Int) throws(CommunicationError) {
    var token: [UInt8] = [0, 1]
    try unsafe token.withUnsafeMutableBufferPointer { (memory) throws(CommunicationError) in
      let arriving = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(memory)[..<1])
      let leaving = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[1...])
      try unsafe receive(into: arriving, from: previous, tag: Tag.collective, group: group)
      try unsafe send(leaving, to: next, tag: Tag.collective, group: group)
      try wait(group: group)
    }
  }

  private static func encode(_ length: Int) -> [UInt8] { MessageWords.bytes([UInt64(bitPattern: Int64(length))]) }

  private static func decode(_ bytes: some Collection<UInt8>) -> Int {
    MessageWords.words(bytes).first.map { Int(truncatingIfNeeded: $0) } ?? -1
  }

  private static func cut(_ joined: [UInt8], lengths: [UInt8], count: Int) throws(CommunicationError) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var start = 0
    for index in 0..<count {
      let length = decode(lengths.dropFirst(8 * index).prefix(8))
      guard length >= 0, length <= joined.count - start else {
        throw .wrongLength(peer: 0, tag: Tag.collective, expected: length, received: joined.count - start)
      }
      parts.append(Array(joined[start..<start + length]))
      start += length
    }
    return parts
  }
}

/// A problem that one or more ranks reported with the same words.
package struct SharedProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// The ranks that reported it, ascending.
  package let ranks: [Int]
  /// What they reported.
  package let message: String

  /// What these ranks reported.
  package init(ranks: [Int], message: String) {
    self.ranks = ranks
    self.message = message
  }

  package var description: String { "\(Self.name(ranks)): \(message)" }

  /// "rank 3", or "ranks 0-2, 5".
  private static func name(_ ranks: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for rank in ranks {
      if let last = runs.last, last.upperBound + 1 == rank {
        runs[runs.count - 1] = last.lowerBound...rank
      } else {
        runs.append(rank...rank)
      }
    }
    let names = runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return (ranks.count == 1 ? "rank " : "ranks ") + names.joined(separator: ", ")
  }
}

extension Communicator {
  /// Every rank offers nil or the text of a problem; all learn all problems, in the order of the first rank that has
  /// each. An empty answer means that all ranks are content.
  package func agree(_ problem: String?) throws(CommunicationError) -> [SharedProblem] {
    // The first byte tells "no problem" from a problem without words.
    let offers = try allGather(problem.map { [1] + Array($0.utf8) } ?? [0])
    var order: [String] = []
    var ranks: [String: [Int]] = [:]
    for (rank, offer) in offers.enumerated() where offer.first == 1 {
      let message = String(decoding: offer.dropFirst(), as: UTF8.self)
      if ranks[message] == nil { order.append(message) }
      ranks[message, default: []].append(rank)
    }
    return order.map { SharedProblem(ranks: ranks[$0] ?? [], message: $0) }
  }
}
