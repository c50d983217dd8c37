import Collectives
import Randomness
import Testing

/// Numbers as the bytes of messages.
@Suite struct MessageWordsTests {
  @Test func `words are little endian on every machine`() {
    #expect(MessageWords.bytes([1, 0x0102_0304_0506_0708]) == [1, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1])
    #expect(MessageWords.words([] as [UInt8]).isEmpty)
    #expect(MessageWords.words([9, 0, 0, 0, 0, 0, 0, 0x80, 7]) == [0x8000_0000_0000_0009])
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `what is written is read`(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: 0)
    let words = (0..<stream.integer(below: 9)).map { _ in UInt64(stream.next()) << 32 | UInt64(stream.next()) }
    #expect(MessageWords.words(MessageWords.bytes(words)) == words)
    #expect(MessageWords.words(([3] + MessageWords.bytes(words)).dropFirst()) == words)
  }
}
