import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Convolution")
  struct ConvolutionTests {
    init() { #expect(prepared) }

    /// Geometries that random ones may miss.
    static let corners: [ConvolutionCase] = [
      // One pixel, one channel.
      ConvolutionCase(geometry(1, 1, kernel: 1, channels: 1, 1), batch: 1, seed: 1),
      // A kernel larger than the input.
      ConvolutionCase(geometry(2, 3, kernel: 5, padding: 2, channels: 3, 4), batch: 2, seed: 2),
      // A stride larger than the kernel.
      ConvolutionCase(geometry(7, 8, kernel: 2, stride: 3, channels: 5, 2), batch: 2, seed: 3),
      // A strided pointwise kernel.
      ConvolutionCase(geometry(6, 6, kernel: 1, stride: 2, channels: 16, 8), batch: 2, seed: 4),
      ConvolutionCase(geometry(5, 5, kernel: 1, channels: 16, 8), batch: 3, seed: 5),
      // Depthwise.
      ConvolutionCase(geometry(5, 6, kernel: 3, padding: 1, channels: 8, 8, groups: 8), batch: 2, seed: 6),
      // As in networks.
      ConvolutionCase(geometry(12, 12, kernel: 3, padding: 1, channels: 32, 48), batch: 2, seed: 7),
      ConvolutionCase(geometry(16, 16, kernel: 7, stride: 2, padding: 3, channels: 3, 16), batch: 2, seed: 8),
      // A tap that falls into the padding on both sides.
      ConvolutionCase(geometry(1, 1, kernel: 2, padding: 1, dilation: 2, channels: 3, 4), batch: 2, seed: 9),
    ]

    static func geometry(
      _ height: Int, _ width: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
      channels input: Int, _ output: Int, groups: Int = 1
    ) -> ConvolutionGeometry {
      ConvolutionGeometry(
        window: Window(
          input: Extent(height: height, width: width), kernel: Extent(kernel), stride: Extent(stride),
          padding: Padding(Extent(padding)), dilation: Extent(dilation)),
        inputChannels: input, outputChannels: output, groups: groups)
    }

    @Test(arguments: corners + (0..<60).map(ConvolutionCase.random))
    func `all three passes agree with the definition`(_ c: ConvolutionCase) {
      expectDefinition(c, c.blocks(of: 13), tolerance: sumTolerance)
    }

    /// Winograd's transforms cost about one digit; see `docs/speed.md`.
    static let winogradTolerance = 5e-6

    @Test(arguments: (0..<40).map(ConvolutionCase.randomWinograd))
    func `Winograd's passes agree with the definition`(_ c: ConvolutionCase) {
      for tiles in [1, 5, 56] {
        expectDefinition(c, .winograd(.f4, tiles: tiles), tolerance: Self.winogradTolerance)
        expectDefinition(c, .winograd(.f2, tiles: tiles), tolerance: sumTolerance)
      }
    }

    @Test(arguments: (0..<80).map(ConvolutionCase.randomDirect))
    func `direct passes agree with the definition`(_ c: ConvolutionCase) {
      for rows in [1, 2, 5] { expectDefinition(c, .direct(rows: rows), tolerance: sumTolerance) }
    }

    /// More rows than a block of the left operand, more terms than a block of the sum, and columns that fill some
    /// panels, half of one and a part of another.
    static let wide: [ConvolutionCase] = [
      ConvolutionCase(geometry(13, 14, kernel: 1, channels: 300, 157), batch: 1, seed: 11),
      ConvolutionCase(geometry(12, 13, kernel: 3, stride: 1, padding: 1, channels: 40, 157), batch: 1, seed: 12),
      ConvolutionCase(geometry(15, 14, kernel: 3, stride: 2, padding: 1, channels: 70, 45), batch: 2, seed: 13),
    ]

    @Test(arguments: wide)
    func `wide products agree with the definition`(_ c: ConvolutionCase) {
      expectDefinition(c, .columns(pixels: 160), tolerance: sumTolerance)
      expectDefinition(c, .direct(rows: 4), tolerance: sumTolerance)
      if c.geometry.isPointwise { expectDefinition(c, .pointwise, tolerance: sumTolerance) }
    }

    @Test
    func `the direct input gradient takes many strides`() {
      let cases = (0..<80).map(ConvolutionCase.randomDirect)
      let strided = cases.filter { $0.geometry.window.stride != Extent(1) }
      #expect(strided.count { $0.geometry.isDirectBackward } > strided.count / 3)
    }

    @Test(arguments: (0..<40).map(ConvolutionCase.randomDepthwise))
    func `depthwise passes agree with the definition`(_ c: ConvolutionCase) {
      expectDefinition(c, .depthwise, tolerance: sumTolerance)
    }

    @Test
    func `Winograd's filters may be held in groups`() {
      let c = ConvolutionCase(Self.geometry(5, 6, kernel: 3, padding: 1, channels: 272, 256), batch: 1, seed: 10)
      expectDefinition(c, .winograd(.f4, tiles: 3), tolerance: Self.winogradTolerance)
      expectDefinition(c, .winograd(.f2, tiles: 3), tolerance: Self.winogradTolerance)
    }

    private func expectDefinition(_ c: ConvolutionCase, _ algorithm: ConvolutionAlgorithm, tolerance: Double) {
      var y = (0..<c.dy.count).map { Double(c.bias[$0 % c.geometry.outputChannels]) }
      var dx = [Double](repeating: 0, count: c.x.count)
      var dWeights = [Double](repeating: 0, count: c.weights.count)
      c.forEachProduct { i, j, k in
        y[k] += Double(c.x[i]) * Double(c.weights[j])
        dx[i] += Double(c.dy[k]) * Double(c.weights[j])
        dWeights[j] += Double(c.dy[k]) * Double(c.x[i])
      }
      var dBias = [Double](repeating: 0, count: c.bias.count)
      for (k, gradient) in c.dy.enumerated() { dBias[k % c.bias.count] += Double(gradient) }

      let gradients = c.backwardWeights(algorithm)
      #expect(distance(c.forward(algorithm), y) < tolerance)
      if c.isBackward(algorithm) { #expect(distance(c.backwardData(algorithm), dx) < tolerance) }
      #expect(distance(gradients.weights, dWeights) < tolerance)
      #expect(distance(gradients.bias, dBias) < sumTolerance)
    }

    @Test(arguments: (100..<110).map(ConvolutionCase.random))
    func `the size of the blocks changes no more than rounding`(_ c: ConvolutionCase) {
      let whole = c.all(c.blocks(of: c.pixels))
      for blockPixels in [1, 3, 7, c.pixels + 5] {
        #expect(distance(c.all(c.blocks(of: blockPixels)), whole) < sumTolerance)
      }
    }

    @Test
    func `no bias is a bias of zero`() {
      var c = Self.corners[1]
      c.bias = c.bias.map { _ in 0 }
      let zero = c.forward(.columns(pixels: 4))
      c.bias = []
      #expect(bits(c.forward(.columns(pixels: 4))) == bits(zero))
      let withBias = Self.corners[1].backwardWeights(.columns(pixels: 4))
      let without = c.backwardWeights(.columns(pixels: 4))
      #expect(bits(without.weights) == bits(withBias.weights))
      #expect(without.bias.isEmpty)
    }

    @Test(.timeLimit(.minutes(4)))
    func `repeating gives the same bits, also on two threads at once`() async {
      let cases = Self.corners + (200..<210).map(ConvolutionCase.random)
      let want = cases.map { bits($0.all($0.blocks(of: 16))) }
      #expect(cases.map { bits($0.all($0.blocks(of: 16))) } == want)
      await withTaskGroup(of: [[UInt32]].self) { group in
        for _ in 0..<2 { group.addTask { cases.map { bits($0.all($0.blocks(of: 16))) } } }
        for await got in group { #expect(got == want) }
      }
    }

    @Test(arguments: [1, 3, 4, 7, 8, 13])
    func `the place of the operands in memory changes no bit`(offset: Int) throws {
      let plain = (Self.corners + (300..<306).map(ConvolutionCase.random)).map { ($0, $0.blocks(of: 16)) }
      for (c, algorithm) in plain + [(ConvolutionCase.randomWinograd(1), .winograd(.f4, tiles: 5))] {
        let x = try AlignedBuffer.holding(c.x, at: offset)
        let weights = try AlignedBuffer.holding(c.weights, at: 2 * offset)
        var y = try AlignedBuffer.holding(c.dy, at: 3 * offset)
        var scratch = try AlignedBuffer.zeros(offset + algorithm.scratchCount(.forward, c.geometry))
        x.withSpan(offset..<x.count) { x in
          weights.withSpan(2 * offset..<weights.count) { weights in
            y.withMutableSpan(3 * offset..<y.count) { y in
              scratch.withMutableSpan(offset..<scratch.count) { scratch in
                Convolution.forward(
                  c.geometry, algorithm, batch: c.batch, x: x, weights: weights, bias: c.bias.span, y: &y,
                  scratch: &scratch)
              }
            }
          }
        }
        #expect(bits(y.array(from: 3 * offset)) == bits(c.forward(algorithm)), "\(c)")
      }
    }
  }
}
