package import Collectives

/// What ranks tell those who watch over them.
package enum WatchMessage: Hashable, Sendable {
  /// The first words on a connection: which rank speaks, and the secret of the job.
  case hello(rank: Int, secret: UInt64)
  /// What the rank is doing, and the processor time that it has used so far, in nanoseconds.
  case pulse(Activity.Snapshot, processorTime: UInt64)
  /// The rank has failed: exit code and sentence.
  case failure(code: Int32, text: String)
  /// The rank ends in order; that its connection closes is no failure.
  case goodbye
  /// From the watcher: a stop has been asked for on some rank.
  case stop
  /// From the watcher: the cause has been told, end with this code.
  case end(code: Int32)
}

/// Messages as bytes: their length as a number of eight bytes, a kind, and numbers; texts are UTF-8.
package enum WatchCoding {
  /// The longest message that is accepted; a failure's sentence is cut to fit.
  package static let limit = 2048

  /// A message with its length.
  package static func encode(_ message: WatchMessage) -> [UInt8] {
    let body: [UInt8] =
      switch message {
      case .hello(let rank, let secret): [0] + MessageWords.bytes([word(rank), secret])
      case .pulse(let state, let time):
        [1, state.phase.rawValue]
          + MessageWords.bytes([state.subject, state.peer, state.step].map(word) + [state.progress, time])
      case .failure(let code, let text):
        [2] + MessageWords.bytes([word(Int(code))]) + Array(text.utf8.prefix(limit - 16))
      case .goodbye: [3]
      case .stop: [4]
      case .end(let code): [5] + MessageWords.bytes([word(Int(code))])
      }
    return MessageWords.bytes([UInt64(body.count)]) + body
  }

  private static func word(_ number: Int) -> UInt64 { UInt64(bitPattern: Int64(number)) }

  /// Takes the whole messages off the front of what has arrived; nil if something else speaks there.
  package static func decode(_ bytes: inout [UInt8]) -> [WatchMessage]? {
    var messages: [WatchMessage] = []
    while let length = MessageWords.words(bytes.prefix(8)).first {
      guard (1...UInt64(limit)).contains(length) else { return nil }
      let end = 8 + Int(length)
      guard bytes.count >= end else { break }
      guard let message = message(bytes[8..<end]) else { return nil }
      messages.append(message)
      bytes.removeFirst(end)
    }
    return messages
  }

  private static func message(_ body: ArraySlice<UInt8>) -> WatchMessage? {
    let rest = body.dropFirst()
    switch (body.first, rest.count) {
    case (0, 16):
      let words = MessageWords.words(rest)
      return .hello(rank: Int(truncatingIfNeeded: words[0]), secret: words[1])
    case (1, 41):
      guard let phase = rest.first.flatMap(Activity.Phase.init) else { return nil }
      let words = MessageWords.words(rest.dropFirst())
      let numbers = words.map { Int(truncatingIfNeeded: $0) }
      let state = Activity.Snapshot(
        phase: phase, subject: numbers[0], peer: numbers[1], step: numbers[2], progress: words[3])
      return .pulse(state, processorTime: words[4])
    case (2, 8...): return .failure(code: code(rest), text: String(decoding: rest.dropFirst(8), as: UTF8.self))
    case (3, 0): return .goodbye
    case (4, 0): return .stop
    case (5, 8): return .end(code: code(rest))
    default: return nil
    }
  }

  private static func code(_ bytes: ArraySlice<UInt8>) -> Int32 {
    Int32(truncatingIfNeeded: MessageWords.words(bytes.prefix(8))[0])
  }
}
