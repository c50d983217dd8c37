/// Numbers of 64 bits as the bytes of a message, little endian, whatever the machine.
package enum MessageWords {
  /// The bytes of some words, eight for each.
  package static func bytes(_ words: [UInt64]) -> [UInt8] {
    words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } }
  }

  /// The words in some bytes; bytes behind the last whole word are left out.
  package static func words(_ bytes: some Collection<UInt8>) -> [UInt64] {
    var rest = bytes[...]
    return (0..<bytes.count / 8).map { _ in
      defer { rest = rest.dropFirst(8) }
      return rest.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
    }
  }
}
