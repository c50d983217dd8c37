internal import CCrypto

/// SHA-256 of bytes that arrive in pieces: the hash of what people compare (weights, files, data sets).
///
/// Source: FIPS 180-4, by OpenSSL's libcrypto, which uses the processor's instructions for it where there are any.
@safe
package struct SHA256: ~Copyable {
  private let context: OpaquePointer

  /// The hash of nothing yet.
  package init() {
    // Both fail only without the memory for 200 bytes, or where a policy of the system forbids SHA-256.
    guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("libcrypto has no SHA-256 to offer")
    }
    unsafe self.context = unsafe context
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Appends bytes.
  package mutating func update(_ bytes: Span<UInt8>) { append(bytes) }

  /// Appends floats as little-endian float32.
  package mutating func update(_ floats: Span<Float>) { append(floats) }

  /// Appends the UTF-8 bytes of a text.
  package mutating func update(_ text: String) { append(Array(text.utf8).span) }

  private mutating func append<Element: BitwiseCopyable>(_ elements: Span<Element>) {
    guard !elements.isEmpty else { return }
    unsafe elements.withUnsafeBytes { bytes in
      _ = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }
  }

  /// The hash of all that was appended, as 64 digits of lower-case hexadecimal.
  package consuming func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe digest.withUnsafeMutableBufferPointer { target in
      _ = unsafe EVP_DigestFinal_ex(context, target.baseAddress, nil)
    }
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The SHA-256 of `bytes`, in lower-case hexadecimal.
  package static func hexadecimal(of bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(bytes.span)
    return hash.finish()
  }

  /// The SHA-256 of the UTF-8 bytes of `text`, in lower-case hexadecimal.
  package static func hexadecimal(of text: String) -> String { hexadecimal(of: Array(text.utf8)) }
}
