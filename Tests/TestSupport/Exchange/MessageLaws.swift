internal import Collectives

/// Laws of the verbs: messages between two ranks.
extension ExchangeLaws {
  /// In a ring: each rank sends to the next and receives from the one before.
  static var messageLaws: [Law] {
    [
      Law(name: "messages of one tag keep their order") { try messagesKeepOrder($0) },
      Law(name: "messages of two tags do not mix") { try tagsDoNotMix($0) },
      Law(name: "messages beyond the eager limit pass both ways at once") { try largeMessagesPass($0) },
    ]
  }

  private static func messagesKeepOrder(_ communicator: any Communicator) throws -> String? {
    let sent = (0..<50).map { [UInt8](repeating: UInt8($0), count: 1 + $0 * 37 % 11) }
    let received = try ring(communicator, sent, tags: sent.map { _ in 7 }, receiveOrder: Array(sent.indices))
    return received == sent ? nil : "the messages came in another order"
  }

  private static func tagsDoNotMix(_ communicator: any Communicator) throws -> String? {
    let sent = (0..<20).map { [UInt8](repeating: UInt8($0), count: 5) }
    let received = try ring(communicator, sent, tags: Array(sent.indices), receiveOrder: sent.indices.reversed())
    return received == sent ? nil : "a message came under another tag"
  }

  private static func largeMessagesPass(_ communicator: any Communicator) throws -> String? {
    let sent = (0..<3).map { message in
      (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ message) }
    }
    let received = try ring(communicator, sent, tags: [0, 0, 1], receiveOrder: [2, 0, 1])
    return received == sent ? nil : "5 MB came changed"
  }

  /// Sends all messages to the next rank while receiving those of the rank before, which are the same.
  private static func ring(
    _ communicator: any Communicator, _ messages: [[UInt8]], tags: [Int], receiveOrder: [Int]
  ) throws -> [[UInt8]] {
    guard communicator.size > 1 else { return messages }
    let next = (communicator.rank + 1) % communicator.size
    let previous = (communicator.rank + communicator.size - 1) % communicator.size
    let group = communicator.reserveGroups(2)
    let outgoing = messages.map(ByteBuffer.init)
    let incoming = messages.map { ByteBuffer([UInt8](repeating: 0, count: $0.count)) }
    for (message, tag) in zip(outgoing, tags) {
      try unsafe communicator.send(UnsafeRawBufferPointer(message.memory), to: next, tag: tag, group: group)
    }
    for index in receiveOrder {
      let memory = unsafe incoming[index].memory
      try unsafe communicator.receive(into: memory, from: previous, tag: tags[index], group: group + 1)
    }
    try communicator.wait(group: group + 1)
    try communicator.wait(group: group)
    // Otherwise the memory could go as soon as its last send is started.
    withExtendedLifetime(outgoing) {}
    return incoming.map(\.bytes)
  }
}

/// Bytes at a fixed place in memory.
@safe
private final class ByteBuffer {
  let memory: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    unsafe memory = .allocate(byteCount: bytes.count, alignment: 64)
    unsafe memory.copyBytes(from: bytes)
  }

  deinit { unsafe memory.deallocate() }

  var bytes: [UInt8] { unsafe [UInt8](memory) }
}
