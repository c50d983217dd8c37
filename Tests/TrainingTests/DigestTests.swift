import Datasets
import Hashing
import Kernels
import Randomness
import Testing
import Training

/// Digests that travel in the trailer or stand in the ledger.
@Suite struct DigestTests {
  @Test func digestsSurviveAsNumbers() {
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
      let text = MicroBatchDigest.text(digest)
      #expect(text.utf8.count == 16 && UInt64(text, radix: 16) == digest)
    }
  }

  /// Along the tree each digest meets zeros only, from whichever side.
  @Test func sumsWithZerosAreExact() {
    let digest: UInt64 = 0xFFFF_0001_ABCD_8000
    let sum = MicroBatchDigest.encode(digest).map { 0 + ($0 + 0) + 0 }
    #expect(MicroBatchDigest.decode(sum) == digest)
  }

  /// The ids of a step are those of its micro-batches, in order.
  @Test func samplesDigestIsThatOfTheStream() throws {
    let blueprint = try LittleRun.blueprint()
    let digests = (0..<LittleRun.steps).map { blueprint.samplesDigest(step: $0) }
    for (step, digest) in digests.enumerated() {
      var want = Digest()
      for microBatch in 0..<LittleRun.microBatches {
        let positions = blueprint.positions(step: step, microBatch: microBatch)
        want.update(words: positions.map { UInt64(blueprint.order.sample(at: $0).index) })
      }
      #expect(want.finish() == digest)
    }
    #expect(Set(digests).count == LittleRun.steps)
    #expect(try LittleRun.blueprint(["seed=4"]).samplesDigest(step: 0) != digests[0])
    #expect(try LittleRun.blueprint(["exchange.bucket=8KiB"]).samplesDigest(step: 0) == digests[0])
  }
}
