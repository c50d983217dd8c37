import Hashing
import Randomness
import Testing

@Suite struct DigestTests {
  private static func floats(_ count: Int) -> [Float] {
    var random = RandomStream(seed: 2, purpose: .testing)
    return (0..<count).map { _ in random.uniform() }
  }

  @Test func `the digest of nothing is the library's known answer`() {
    #expect(Digest().finish() == 0x2D06_8005_38D3_94C2)
  }

  @Test(arguments: [0, 1, 333, 999, 1000])
  func `a digest is the same however the data is cut`(cut: Int) {
    let x = Self.floats(1000)
    var whole = Digest()
    whole.update(x.span)
    var parts = Digest()
    parts.update(x.span.extracting(0..<cut))
    parts.update(x.span.extracting(cut..<1000))
    #expect(whole.finish() == parts.finish())
    #expect(whole.finish() == Digest.block(x.span, seed: 0))
    #expect(Digest.block(x.span, seed: 1) != Digest.block(x.span, seed: 0))
  }

  @Test func `zeros of either sign differ`() {
    #expect(Digest.block([Float(0.0)].span, seed: 0) != Digest.block([Float(-0.0)].span, seed: 0))
  }

  @Test func `words are hashed as their little-endian bytes`() {
    var words = Digest()
    var bytes = Digest()
    words.update(words: [0x0807_0605_0403_0201])
    bytes.update(bytes: ([1, 2, 3, 4, 5, 6, 7, 8] as [UInt8]).span)
    #expect(words.finish() == bytes.finish())
  }
}

@Suite struct SHA256Tests {
  /// The examples of FIPS 180-4 and the hash of nothing.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `the standard's examples`(text: String, hash: String) {
    #expect(SHA256.hexadecimal(of: text) == hash)
  }

  @Test func `a million letters, in pieces of any length`() {
    var hash = SHA256()
    var rest = 1_000_000
    var length = 1
    while rest > 0 {
      hash.update([UInt8](repeating: UInt8(ascii: "a"), count: min(length, rest)).span)
      rest -= min(length, rest)
      length = length * 3 + 1
    }
    #expect(hash.finish() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }
}
