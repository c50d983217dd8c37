import Kernels
import Network
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

    @Test("All three passes agree with the definition", arguments: corners + (0..<60).map(ConvolutionCase.random))
    func definition(_ c: ConvolutionCase) {
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

      let gradients = c.backwardWeights(blockPixels: 13)
      #expect(distance(c.forward(blockPixels: 13), y) < sumTolerance)
      #expect(distance(c.backwardData(blockPixels: 13), dx) < sumTolerance)
      #expect(distance(gradients.weights, dWeights) < sumTolerance)
      #expect(distance(gradients.bias, dBias) < sumTolerance)
    }

    @Test("The size of the blocks changes no more than rounding", arguments: (100..<110).map(ConvolutionCase.random))
    func blocks(_ c: ConvolutionCase) {
      let whole = c.all(blockPixels: c.pixels)
      for blockPixels in [1, 3, 7, c.pixels + 5] {
        #expect(distance(c.all(blockPixels: blockPixels), whole) < sumTolerance)
      }
    }

    @Test("No bias is a bias of zero")
    func noBias() {
      var c = Self.corners[1]
      c.bias = c.bias.map { _ in 0 }
      let zero = c.forward(blockPixels: 4)
      c.bias = []
      #expect(bits(c.forward(blockPixels: 4)) == bits(zero))
      let withBias = Self.corners[1].backwardWeights(blockPixels: 4)
      let without = c.backwardWeights(blockPixels: 4)
      #expect(bits(without.weights) == bits(withBias.weights))
      #expect(without.bias.isEmpty)
    }

    @Test("Repeating gives the same bits, also on two threads at once", .timeLimit(.minutes(1)))
    func repeats() async {
      let cases = Self.corners + (200..<210).map(ConvolutionCase.random)
      let want = cases.map { bits($0.all(blockPixels: 16)) }
      #expect(cases.map { bits($0.all(blockPixels: 16)) } == want)
      await withTaskGroup(of: [[UInt32]].self) { group in
        for _ in 0..<2 { group.addTask { cases.map { bits($0.all(blockPixels: 16)) } } }
        for await got in group { #expect(got == want) }
      }
    }

    @Test("The place of the operands in memory changes no bit", arguments: [1, 3, 4, 7, 8, 13])
    func alignment(offset: Int) throws {
      for c in Self.corners + (300..<306).map(ConvolutionCase.random) {
        let x = try AlignedBuffer.holding(c.x, at: offset)
        let weights = try AlignedBuffer.holding(c.weights, at: 2 * offset)
        var y = try AlignedBuffer.holding(c.dy, at: 3 * offset)
        var scratch = try AlignedBuffer.zeros(offset + 16 * c.geometry.rowCount)
        x.withSpan(offset..<x.count) { x in
          weights.withSpan(2 * offset..<weights.count) { weights in
            y.withMutableSpan(3 * offset..<y.count) { y in
              scratch.withMutableSpan(offset..<scratch.count) { scratch in
                Convolution.forward(
                  c.geometry, batch: c.batch, blockPixels: 16, x: x, weights: weights, bias: c.bias.span, y: &y,
                  scratch: &scratch)
              }
            }
          }
        }
        #expect(bits(y.array(from: 3 * offset)) == bits(c.forward(blockPixels: 16)), "\(c)")
      }
    }
  }
}
