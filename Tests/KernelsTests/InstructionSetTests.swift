import Foundation
import Kernels
import Operators
import Randomness
import Testing

extension KernelTests {
  @Suite("Instruction sets")
  struct InstructionSetTests {
    /// A tensor from each loop, named.
    static func results() -> [(name: String, values: [Float])] {
      var dice = Dice(11)
      let (x, dy) = (dice.floats(1009), dice.floats(1009))
      let normalization = BatchNormalizationTests.Case(rows: 77, channels: 70)
      let narrow = BatchNormalizationTests.Case(rows: 501, channels: 6)
      let window = Window(input: Extent(9), kernel: Extent(3), stride: Extent(2), padding: Padding(Extent(1)))
      let pooling = PoolingTests.Case(window, &dice)
      let stream = RandomStream(seed: 5, purpose: .testing)
      let power = { (p: Float) in pooling.power(p) + pooling.powerGradient(p) }
      let filters = FixedFilterTests.Case(window, channels: 70, filters: 2, batch: 2, seed: 3)
      let squares = Statistics.sumOfSquares(x: x.span).bitPattern
      let (map, batch, image, _) = ResamplingTests.random(5)
      var all: [(String, [Float])] = [
        ("convolution", ConvolutionTests.corners[1].all(.columns(pixels: 5))),
        ("wide products", ConvolutionTests.wide.flatMap { $0.all(.columns(pixels: 160)) }),
        ("winograd f2", ConvolutionCase.randomWinograd(3).all(.winograd(.f2, tiles: 4))),
        ("winograd f4", ConvolutionCase.randomWinograd(3).all(.winograd(.f4, tiles: 4))),
        ("statistics", normalization.forward().variance + narrow.forward().variance),
        ("normalization", normalization.forward().y + narrow.forward().y),
        ("normalization backward", normalization.backward().dx + narrow.backward().dx),
        ("maximum", pooling.maximum().y), ("norm", power(1) + power(2) + power(3)),
        ("filters", filters.forward() + filters.backward()),
        ("resampling", ResamplingTests.apply(map, batch: batch, image)),
        ("squares", (0..<4).map { Float(squares >> (16 * $0) & 0xFFFF) }),
        ("dropout", written(999) { Dropout.mask(rate: 0.3, stream: stream, sampleElements: 999, mask: &$0) }),
      ]
      let average = changed(x) {
        Optimizer.exponentialAverage(rate: 0.1, observation: dy.span, scale: 1, average: &$0)
      }
      all.append(("average", average))
      all += ActivationTests.functions.map { function in
        (function.testDescription, function.forward(x) + function.slopes(saved: x, dy: dy))
      }
      for c in GroupNormalizationTests.cases {
        let (forward, backward) = (c.forward(), c.backward())
        all.append(("group normalization of \(c.testDescription)", forward.y + forward.mean + backward.dx))
        all.append(("its parameters", backward.dScale + backward.dShift))
      }
      all += LocalResponseTests.cases.map { ("local response", $0.forward().y + $0.backward()) }
      for (rows, columns) in [(1009, 1), (77, 13)] {
        let count = rows * columns
        let row = Array(dy[..<columns])
        let scaled = written(count) {
          Elementwise.multiplyRow(
            blocks: 1, rows: rows, columns: columns, x: x.span.extracting(first: count), row: row.span, y: &$0)
        }
        let products = written(columns) {
          Elementwise.sumProducts(
            blocks: 1, rows: rows, columns: columns, a: x.span.extracting(first: count),
            b: dy.span.extracting(first: count), into: &$0)
        }
        all.append(("rows", scaled + products))
      }
      all += OptimizerTests.updates.map { name, update in (name, OptimizerTests.weights(after: update, dy, x)) }
      return all
    }

    static let sets: [InstructionSet] = [.avx2, .avx512]

    // The choice holds for a whole process, and other suites run in this one: so each comparison has a process of its
    // own.

    @Test(.enabled(if: supports(.avx2), "skipped: this CPU has no AVX2"))
    func `the baseline agrees with AVX2`() async {
      await #expect(processExitsWith: .success) { try Self.compare(.avx2) }
    }

    @Test(.enabled(if: supports(.avx512), "skipped: this CPU has no AVX-512"))
    func `the baseline agrees with AVX-512`() async {
      await #expect(processExitsWith: .success) { try Self.compare(.avx512) }
    }

    /// The sums have one order in all sets; what differs is that products and sums are fused or not.
    private static func compare(_ set: InstructionSet) throws {
      try KernelSet.configure(.baseline)
      let want = results()
      try KernelSet.configure(set)
      let got = results()
      for (a, b) in zip(got, want) {
        #expect(distance(a.values, b.values) < 2e-6, "\(a.name)")
        if ["dropout", "maximum", "squares"].contains(a.name) { #expect(bits(a.values) == bits(b.values)) }
      }
    }

    static func supports(_ set: InstructionSet) -> Bool {
      InstructionSet.best == .avx512 || InstructionSet.best == set
    }

    @Test(.enabled(if: !supports(.avx512), "skipped: this CPU has all sets"))
    func `a set that the CPU lacks is an error`() {
      #expect(throws: KernelError.instructionSetMissing(.avx512, best: .best)) { try KernelSet.configure(.avx512) }
    }

    @Test
    func `the yardstick counts its rounds, and a wider set does more in each`() async {
      await #expect(processExitsWith: .success) {
        var narrower = 0
        for set in [.baseline] + Self.sets where set == .baseline || Self.supports(set) {
          try KernelSet.configure(set)
          let one = MultiplyAdds.run(rounds: 1)
          #expect(one > narrower && MultiplyAdds.run(rounds: 7) == 7 * one && MultiplyAdds.run(rounds: 0) == 0)
          narrower = one
        }
      }
    }

    @Test
    func `the description names every source of bits`() throws {
      try KernelSet.configure(.auto)
      let parts = KernelSet.description.split(separator: ", ")
      #expect(parts.count == 3)
      #expect(parts[0].hasPrefix("openblas 0.") && parts[0].hasSuffix(KernelSet.openBLASCore))
      #expect(parts[1] == "own \(InstructionSet.best.rawValue)")
    }

    @Test
    func `a pin below the CPU is reported, any other is not`() {
      let pin = { OpenBLASCore.costlyPin(variable: $0, core: $1, best: $2) }
      #expect(pin("Haswell", "Haswell", .avx512)?.contains("about twice as slow") == true)
      #expect(pin("Haswell", "Haswell", .avx512)?.contains("unset OPENBLAS_CORETYPE") == true)
      #expect(pin("nehalem", "Nehalem", .avx2) != nil)
      #expect(pin("Prescott", "Prescott", .avx512) != nil)
      #expect(pin(nil, "Haswell", .avx512) == nil)
      #expect(pin("Haswell", "Haswell", .avx2) == nil)
      #expect(pin("Zen", "Zen", .avx2) == nil)
      #expect(pin("SkylakeX", "SkylakeX", .avx512) == nil)
      #expect(pin("Unheard", "Unheard", .avx512) == nil)
    }
  }
}
