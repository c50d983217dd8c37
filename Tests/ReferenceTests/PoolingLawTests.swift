import Network
import Operators
import Reference
import Testing

/// Poolings and upsamplings against each other.
struct PoolingLawTests {
  private let input = Shape(channels: 2, height: 6, width: 4)
  private var x: [Double] { normals(2 * input.count, seed: 1) }

  private func average(_ kernel: Extent, stride: Extent? = nil) -> Layer {
    .averagePooling(made(AveragePoolingLayer()) { ($0.kernel, $0.stride) = (kernel, stride) })
  }

  @Test
  func `adaptive means are means over windows where the sizes divide`() throws {
    let adaptive = made(AdaptiveAveragePoolingLayer()) { $0.size = Extent(height: 2, width: 4) }
    #expect(
      try agree(
        output(.adaptiveAveragePooling(adaptive), input: input, image: x),
        output(average(Extent(height: 3, width: 1)), input: input, image: x)))
  }

  @Test
  func `adaptive means over one window are the global mean`() throws {
    let adaptive = made(AdaptiveAveragePoolingLayer()) { $0.size = Extent(1) }
    #expect(
      try agree(
        output(.adaptiveAveragePooling(adaptive), input: input, image: x),
        output(.globalAveragePooling(GlobalAveragePoolingLayer()), input: input, image: x)))
  }

  @Test
  func `adaptive means share what does not divide`() throws {
    let adaptive = made(AdaptiveAveragePoolingLayer()) { $0.size = Extent(height: 1, width: 3) }
    let signal = Shape(channels: 1, height: 1, width: 4)
    #expect(
      try agree(output(.adaptiveAveragePooling(adaptive), input: signal, image: [1, 3, 5, 9]), [2, 4, 7]))
    let wider = made(AdaptiveAveragePoolingLayer()) { $0.size = Extent(height: 1, width: 6) }
    #expect(
      try agree(output(.adaptiveAveragePooling(wider), input: signal, image: [1, 3, 5, 9]), [1, 2, 3, 5, 7, 9]))
  }

  @Test(arguments: [Extent(1), Extent(2), Extent(height: 3, width: 2)])
  func `the mean of what was repeated is what it was`(scale: Extent) throws {
    let nearest = Layer.upsampling(made(UpsamplingLayer()) { $0.scale = scale })
    let alone = try Alone([.layer(nearest), .layer(average(scale))], input: input, batch: 2)
    #expect(agree(alone.train(x).logits, x))
  }

  @Test(arguments: [true, false])
  func `interpolation keeps constants, and linear images up to their edges`(alignCorners: Bool) throws {
    let layer = Layer.upsampling(
      made(UpsamplingLayer()) { ($0.scale, $0.mode, $0.alignCorners) = (Extent(3), .bilinear, alignCorners) })
    let ones = [Double](repeating: 7, count: input.count)
    #expect(try output(layer, input: input, image: ones).allSatisfy { abs($0 - 7) < 1e-12 })
    let ramp = Shape(channels: 1, height: 1, width: 3)
    let row = Array(try output(layer, input: ramp, image: [0, 1, 2]).prefix(9))
    let third = 1.0 / 3
    let between = [0, 0, third, 2 * third, 1, 1 + third, 1 + 2 * third, 2, 2]
    let expected = alignCorners ? (0..<9).map { Double($0) / 4 } : between
    #expect(agree(row, expected))
  }

  @Test
  func `a power pooling of exponent 1 adds absolute values, of exponent 2 it is the Euclidean norm`() throws {
    let window = Shape(channels: 1, height: 2, width: 4)
    let image: [Double] = [3, -1, 0, 0, -4, 2, 0, 0]
    func power(_ exponent: Double) throws -> [Double] {
      try output(
        .powerPooling(made(PowerPoolingLayer()) { $0.exponent = exponent }), input: window, image: image)
    }
    #expect(try agree(power(1), [10, 0]))
    #expect(try agree(power(2), [30.squareRoot(), 0]))
    #expect(try abs(power(16)[0] - 4) < 0.05)
  }

  @Test
  func `a power pooling passes nothing back where the norm is zero`() throws {
    let alone = try Alone(.powerPooling(PowerPoolingLayer()), input: Shape(channels: 1, height: 2, width: 4))
    let back = alone.backward([3, 0, 0, 0, 0, -4, 0, 0], direction: [10, 1]).imageGradient ?? []
    #expect(agree(back, [6, 0, 0, 0, 0, -8, 0, 0]))
  }

  @Test
  func `windows that the image does not fill count what is there`() throws {
    let row = Shape(channels: 1, height: 1, width: 5)
    let image: [Double] = [1, 2, 3, 4, 5]
    let pair = Extent(height: 1, width: 2)
    let largest = made(MaxPoolingLayer()) { ($0.kernel, $0.ceil) = (pair, true) }
    #expect(try output(.maxPooling(largest), input: row, image: image) == [2, 4, 5])
    let mean = made(AveragePoolingLayer()) { ($0.kernel, $0.ceil) = (pair, true) }
    #expect(try agree(output(.averagePooling(mean), input: row, image: image), [1.5, 3.5, 5]))
    let power = made(PowerPoolingLayer()) { ($0.kernel, $0.ceil, $0.exponent) = (pair, true, 1) }
    #expect(try agree(output(.powerPooling(power), input: row, image: image), [3, 7, 5]))
  }

  @Test
  func `the last window ends with the padding, and none starts behind the image`() throws {
    let layer = made(AveragePoolingLayer()) {
      ($0.kernel, $0.stride) = (Extent(height: 1, width: 4), Extent(height: 1, width: 3))
      ($0.padding, $0.ceil) = (Extent(height: 0, width: 1), true)
    }
    // Windows from −1, 2 and 5; of the last one 6, one zero and two places behind the padding.
    let row = Shape(channels: 1, height: 1, width: 6)
    #expect(try agree(output(.averagePooling(layer), input: row, image: [1, 2, 3, 4, 5, 6]), [1.5, 4.5, 3]))
    let wide = made(MaxPoolingLayer(2, stride: 4)) {
      ($0.kernel, $0.padding, $0.ceil) = (Extent(height: 1, width: 2), Extent(height: 0, width: 1), true)
    }
    #expect(
      try output(.maxPooling(wide), input: Shape(channels: 1, height: 1, width: 3), image: [1, 2, 3]) == [1])
  }

  @Test
  func `distance-weighted means`() throws {
    let row = Shape(channels: 1, height: 1, width: 3)
    let layer = made(GaussianPoolingLayer()) {
      ($0.kernel, $0.padding) = (Extent(height: 1, width: 3), Extent(height: 0, width: 1))
    }
    let side = 0.606_530_659_712_633_4
    let y = try output(.gaussianPooling(layer), input: row, image: [1, 2, 4])
    #expect(
      agree(
        y, [(1 + 2 * side) / (1 + side), (2 + 5 * side) / (1 + 2 * side), (4 + 2 * side) / (1 + side)], within: 1e-14))
  }

  @Test
  func `the global maximum is the largest number of each channel, and gets the whole gradient`() throws {
    let alone = try Alone(
      .globalMaxPooling(GlobalMaxPoolingLayer()), input: Shape(channels: 2, height: 2, width: 2))
    let image: [Double] = [1, -1, 5, -2, 5, -3, 2, -1]
    #expect(alone.train(image).logits == [5, -1])
    let back = alone.backward(image, direction: [3, 4]).imageGradient ?? []
    #expect(agree(back, [0, 4, 3, 0, 0, 0, 0, 0]))
  }
}
