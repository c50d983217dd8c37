import Randomness

/// A running hash of what identifies a data set (FNV-1a, as `StableHash`). It finds mix-ups, not forgeries.
struct Fingerprint {
  private(set) var value: UInt64

  /// A hash that starts with a kind of data.
  init(_ kind: String) { value = StableHash.of(kind) }

  /// Adds one byte.
  mutating func combine(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }

  /// Adds bytes in their order.
  mutating func combine(_ bytes: [UInt8]) {
    for byte in bytes { combine(byte) }
  }

  /// Adds a number.
  mutating func combine(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) { combine(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  /// Adds a text and its end.
  mutating func combine(_ text: String) {
    for byte in text.utf8 { combine(byte) }
    combine(0 as UInt8)
  }
}
