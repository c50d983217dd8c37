import Collectives

/// What ranks tell those who watch over them.
enum WatchMessage: Hashable, Sendable {
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

/// Messages as bytes: a length of four bytes, a kind, and numbers of eight bytes; texts are UTF-8.
enum WatchCoding {
  /// The longest message that is accepted; a failure's sentence is cut to fit.
  static let limit = 2048

  /// A message with its length.
  static func encode(_ message: WatchMessage) -> [UInt8] {
    let body: [UInt8] =
      switch message {
      case .hello(let rank, let secret): [0] + word(UInt64(rank)) + word(secret)
      case .pulse(let state, let time):
        [1, state.phase.rawValue]
          + [state.subject, state.peer, state.step].flatMap { word(UInt64(bitPattern: Int64($0))) }
          + word(state.progress) + word(time)
      case .failure(let code, let text):
        [2] + word(UInt64(bitPattern: Int64(code))) + Array(text.utf8.prefix(limit - 16))
      case .goodbye: [3]
      case .stop: [4]
      case .end(let code): [5] + word(UInt64(bitPattern: Int64(code)))
      }
    return (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (8 * $0)) } + body
  }

  /// Takes the whole messages off the front of what has arrived; nil if something else speaks there.
  static func decode(_ bytes: inout [UInt8]) -> [WatchMessage]? {
    var messages: [WatchMessage] = []
    while bytes.count >= 4 {
      let length = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      guard (1...limit).contains(length) else { return nil }
      guard bytes.count >= 4 + length else { break }
      guard let message = message(bytes[4..<4 + length]) else { return nil }
      messages.append(message)
      bytes.removeFirst(4 + length)
    }
    return messages
  }

  private static func message(_ body: ArraySlice<UInt8>) -> WatchMessage? {
    let rest = body.dropFirst()
    switch (body.first, rest.count) {
    case (0, 16): return .hello(rank: Int(truncatingIfNeeded: number(rest, 0)), secret: number(rest.dropFirst(8), 0))
    case (1, 41):
      guard let phase = rest.first.flatMap(Activity.Phase.init) else { return nil }
      let numbers = (0..<5).map { number(rest.dropFirst(), $0) }
      let state = Activity.Snapshot(
        phase: phase, subject: Int(truncatingIfNeeded: numbers[0]), peer: Int(truncatingIfNeeded: numbers[1]),
        step: Int(truncatingIfNeeded: numbers[2]), progress: numbers[3])
      return .pulse(state, processorTime: numbers[4])
    case (2, 8...):
      return .failure(
        code: Int32(truncatingIfNeeded: number(rest, 0)), text: String(decoding: rest.dropFirst(8), as: UTF8.self))
    case (3, 0): return .goodbye
    case (4, 0): return .stop
    case (5, 8): return .end(code: Int32(truncatingIfNeeded: number(rest, 0)))
    default: return nil
    }
  }

  private static func word(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  private static func number(_ bytes: ArraySlice<UInt8>, _ index: Int) -> UInt64 {
    bytes.dropFirst(8 * index).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
