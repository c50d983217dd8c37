internal import CXXHash

/// A 64-bit digest of numbers, to compare runs by: XXH3 over the words in little-endian order. It finds differences
/// fast; it does not protect against forgery.
///
/// Source: Collet, "xxHash fast digest algorithm", XXH3 64-bit variant.
@safe
package struct Digest: ~Copyable {
  private let state: OpaquePointer

  /// The digest of nothing yet.
  package init() {
    guard let state = unsafe XXH3_createState() else {
      preconditionFailure("there is no memory for the 600 bytes of a digest")
    }
    unsafe self.state = unsafe state
    unsafe XXH3_64bits_reset(state)
  }

  deinit { unsafe XXH3_freeState(state) }

  /// Appends the bits of floats; -0 and 0 differ, and so do the NaNs.
  package mutating func update(_ floats: Span<Float>) {
    append(floats)
  }

  /// Appends words, e.g. sample numbers.
  package mutating func update(words: [UInt64]) {
    append(words.span)
  }

  /// Appends bytes, e.g. those of a file.
  package mutating func update(bytes: Span<UInt8>) {
    append(bytes)
  }

  /// The digest of all that was appended; more may follow.
  package func finish() -> UInt64 {
    unsafe XXH3_64bits_digest(state)
  }

  /// The digest of one block of elements under a seed (XXH3_64bits_withSeed).
  package static func block<Element: BitwiseCopyable>(_ elements: Span<Element>, seed: UInt64) -> UInt64 {
    unsafe elements.withUnsafeBytes { bytes in
      unsafe XXH3_64bits_withSeed(bytes.baseAddress, bytes.count, seed)
    }
  }

  private mutating func append<Word: BitwiseCopyable>(_ words: Span<Word>) {
    guard !words.isEmpty else { return }
    unsafe words.withUnsafeBytes { bytes in
      _ = unsafe XXH3_64bits_update(state, bytes.baseAddress, bytes.count)
    }
  }
}
