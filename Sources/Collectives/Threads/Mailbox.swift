internal import Synchronization

/// The messages on their way to one rank of a `ThreadCluster`, and what that rank waits for.
final class Mailbox: Sendable {
  /// A message that was sent and not yet received.
  struct Message: Sendable {
    let sender: Int
    let tag: Int
    let bytes: [UInt8]
    /// The receiver's poll from which on the message is visible.
    let visibleFrom: Int
  }

  /// A receive that is still open.
  struct Awaited: Sendable {
    let id: Int
    let sender: Int
    let tag: Int
    let count: Int
  }

  private struct State: Sendable {
    var messages: [Message] = []
    var awaited: [Awaited] = []
    var polls = 0

    /// The oldest message of this sender and tag, unless it is still delayed. A later one never overtakes it.
    mutating func take(sender: Int, tag: Int) -> [UInt8]? {
      guard let index = messages.firstIndex(where: { $0.sender == sender && $0.tag == tag }),
        messages[index].visibleFrom <= polls
      else { return nil }
      return messages.remove(at: index).bytes
    }
  }

  private let state = Mutex(State())

  /// Adds a message that becomes visible after `delay` polls of the receiver.
  func put(_ bytes: [UInt8], sender: Int, tag: Int, delay: Int) {
    state.withLock {
      $0.messages.append(Message(sender: sender, tag: tag, bytes: bytes, visibleFrom: $0.polls + delay))
    }
  }

  /// Registers an open receive.
  func await(_ receive: Awaited) {
    state.withLock { $0.awaited.append(receive) }
  }

  /// One poll: the receives that found their message. All are looked at under one lock, in the order in which they
  /// were registered, so that two receives of the same sender and tag cannot swap their messages.
  func poll() -> [(receive: Awaited, bytes: [UInt8])] {
    state.withLock { state in
      state.polls += 1
      var found: [(receive: Awaited, bytes: [UInt8])] = []
      for receive in state.awaited {
        guard let bytes = state.take(sender: receive.sender, tag: receive.tag) else { continue }
        found.append((receive, bytes))
      }
      let ids = Set(found.map(\.receive.id))
      state.awaited.removeAll { ids.contains($0.id) }
      return found
    }
  }

  /// The messages that nobody has received, in words; nil if there are none.
  var leftBehind: String? {
    let messages = state.withLock { $0.messages }
    guard let first = messages.first else { return nil }
    let rest = messages.count == 1 ? "" : " and \(messages.count - 1) more messages"
    return "\(first.bytes.count) bytes from rank \(first.sender) (tag \(first.tag))\(rest)"
  }

  /// What the rank waits for, in words.
  var description: String {
    let awaited = state.withLock { $0.awaited }
    guard let first = awaited.first else { return "no message" }
    let rest = awaited.count == 1 ? "" : " and \(awaited.count - 1) more messages"
    return "\(first.count) bytes from rank \(first.sender) (tag \(first.tag))\(rest)"
  }
}
