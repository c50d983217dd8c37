import Hashing

/// A SHA-256 over values, each marked off from the next, so that no two lists of values look alike.
struct ContentHash: ~Copyable {
  private static let pieceLength = 1 << 14
  private var hash = SHA256()
  private var pending: [UInt8] = []

  /// A hash that starts with a kind of data.
  init(_ kind: String) { add(kind) }

  /// Adds a number, as 8 bytes in little-endian order.
  mutating func add(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) { pending.append(UInt8(truncatingIfNeeded: number >> shift)) }
    if pending.count >= Self.pieceLength { flush() }
  }

  /// Adds the length and the bytes of a string of bytes.
  mutating func add(bytes: [UInt8]) {
    add(bytes.count)
    flush()
    hash.update(bytes.span)
  }

  /// Adds the length and the UTF-8 bytes of a text.
  mutating func add(_ text: String) {
    add(text.utf8.count)
    pending += text.utf8
  }

  private mutating func flush() {
    // A name of its own, since a span of a member would hold on to all of them.
    let piece = pending
    hash.update(piece.span)
    pending.removeAll()
  }

  /// The hash of all that was added, in hexadecimal.
  consuming func finish() -> String {
    flush()
    return hash.finish()
  }
}
