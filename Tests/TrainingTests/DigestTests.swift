import Checkpoints
import Randomness
import Testing
import Training

/// Digests that travel in the trailer or stand in the ledger.
@Suite struct DigestTests {
  @Test func `digests survive as numbers`() {
    var random = RandomStream(seed: 1, purpose: .testing)
    let digests =
      [0, 1, .max, 0x8000_0000_0000_0001]
      + (0..<200).map { _ in
        UInt64(random.next()) << 32 | UInt64(random.next())
      }
    for digest in digests {
      let numbers = MicroBatchDigest.encode(digest)
      #expect(numbers.count == 4)
      #expect(MicroBatchDigest.decode(numbers) == digest)
      let text = LedgerEntry.text(digest)
      #expect(text.utf8.count == 16 && UInt64(text, radix: 16) == digest)
    }
  }

  /// Along the tree each digest meets zeros only, from whichever side.
  @Test func `sums with zeros are exact`() {
    let digest: UInt64 = 0xFFFF_0001_ABCD_8000
    let sum = MicroBatchDigest.encode(digest).map { 0 + ($0 + 0) + 0 }
    #expect(MicroBatchDigest.decode(sum) == digest)
  }

  /// The digest of a step's samples is that of what the stream's files hold, whoever reads them.
  @Test(.timeLimit(.minutes(4))) func `the digest of the samples does not depend on the ranks`() throws {
    let blueprint = try LittleRun.blueprint()
    let alone = try LittleRun.run(blueprint, ranks: 1, lanes: 1, to: 4)[0].samples
    #expect(Set(alone).count == 4)
    #expect(try LittleRun.run(blueprint, ranks: 3, lanes: 2, to: 4).map(\.samples) == [alone, alone, alone])
    let seeded = try LittleRun.blueprint(["seed=4"])
    #expect(try LittleRun.run(seeded, ranks: 1, lanes: 1, to: 1)[0].samples != [alone[0]])
    // Augmentation and buckets are no part of what was read.
    let other = try LittleRun.blueprint(["exchange.bucket=8KiB", "data.augment=[]"])
    #expect(try LittleRun.run(other, ranks: 1, lanes: 1, to: 4)[0].samples == alone)
  }
}
