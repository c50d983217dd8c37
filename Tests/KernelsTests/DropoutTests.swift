import Kernels
import Randomness
import Testing

extension KernelTests {
  @Suite("Dropout")
  struct DropoutTests {
    init() { #expect(prepared) }

    @Test(arguments: [0, 0.1, 0.5, 0.999, 1] as [Float])
    func `the mask is the random stream's, bit for bit`(rate: Float) {
      for (sample, count) in [1, 3, 63, 64, 65, 1000, 4103].enumerated() {
        let stream = RandomStream(
          seed: 0xFEED_0000_BEEF, purpose: .dropout, subject: StableHash.of("drop"), time: 1 << 33,
          sample: UInt64(sample) << 38)
        var sequential = stream
        let want = (0..<count).map { _ in sequential.uniform() >= rate ? 1 / (1 - rate) : 0 }
        let got = written(count) { Dropout.mask(rate: rate, stream: stream, sampleElements: count, mask: &$0) }
        #expect(bits(got) == bits(want))
      }
    }
  }
}
