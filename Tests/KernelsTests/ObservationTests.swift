import Foundation
import Kernels
import Testing

extension KernelTests {
  @Suite("Observation")
  struct ObservationTests {
    init() { #expect(prepared) }

    @Test(arguments: [1, 2, 15, 16, 17, 1000])
    func `a summary agrees with the definition`(count: Int) {
      var dice = Dice(UInt64(count))
      let x = dice.floats(count, mean: 100)
      let mean = x.doubles.reduce(0, +) / Double(count)
      let variance = x.doubles.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
      let got = Statistics.summary(x: x.span)
      #expect(got.count == count && got.notFinite == 0)
      #expect(got.minimum == x.doubles.min() && got.maximum == x.doubles.max())
      #expect(abs(got.mean - mean) < 1e-10)
      #expect(abs(got.standardDeviation - variance.squareRoot()) < 1e-10)
    }

    @Test(arguments: [0, 1, 15, 16, 17, 255, 256, 1000])
    func `squares are summed in double precision in one fixed order`(count: Int) {
      var dice = Dice(UInt64(count) + 1)
      let x = dice.floats(count, mean: 100)
      var sums = [Double](repeating: 0, count: 16)
      for (index, value) in x.doubles.enumerated() { sums[index % 16] += value * value }
      for half in [8, 4, 2, 1] {
        for index in 0..<half { sums[index] += sums[index + half] }
      }
      #expect(Statistics.sumOfSquares(x: x.span) == sums[0])
    }

    @Test
    func `a summary leaves out what is not finite, and counts it`() {
      let got = Statistics.summary(x: [.nan, 1, .infinity, 3, -.infinity].span)
      #expect(
        got == TensorSummary(count: 5, minimum: 1, maximum: 3, mean: 2, standardDeviation: 1, notFinite: 3))
      let none = Statistics.summary(x: [Float]().span)
      #expect(none.count == 0 && none.mean.isNaN)
    }
  }

  @Suite("Aligned buffers")
  struct AlignedBufferTests {
    @Test(arguments: [0, 1, 63, 1000])
    func `zeroed, aligned, and lent in ranges`(count: Int) throws {
      var buffer = try AlignedBuffer.zeros(count)
      let address = unsafe Int(bitPattern: buffer.unsafeBase)
      #expect(buffer.count == count && address % AlignedBuffer.alignment == 0)
      #expect(buffer.withSpan { span in span.count == count && !span.indices.contains { span[$0] != 0 } })
      guard count > 2 else { return }
      buffer.withMutableSpan(1..<3) { $0[1] = 5 }
      #expect(buffer.withSpan(2..<3) { $0[0] } == 5)
    }

    @Test(arguments: [Int.max, Int.max / 4, 1 << 52, -1])
    func `a size that cannot be had is an error that says it`(count: Int) {
      #expect(throws: KernelError.outOfMemory(floats: count)) { _ = try AlignedBuffer.zeros(count) }
      #expect(KernelError.outOfMemory(floats: 1 << 40).description.contains("4096 GiB"))
    }
  }
}
