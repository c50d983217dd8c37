import Foundation
import Network
import Operators
import Planner
import Randomness
import Reference
import TestSupport
import Testing

/// Operations against numbers worked out by hand.
struct OperationTests {
  @Test
  func `a convolution`() throws {
    // 1×3×3 image, two 2×2 kernels: the first adds the corners of its diagonal, the second doubles its upper right.
    let image: [Double] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    let layer = Layer.convolution(ConvolutionLayer(2, kernel: 2))
    let y = try output(
      layer, input: Shape(channels: 1, height: 3, width: 3), image: image,
      weights: [[1, 0, 0, 1, 0, 2, 0, 0], [0, 10]])
    #expect(y == [6, 14, 8, 16, 12, 20, 14, 22])
  }

  @Test
  func `a strided, dilated, grouped convolution with padding`() throws {
    var layer = ConvolutionLayer(2, kernel: 1, bias: false)
    layer.groups = .count(2)
    layer.kernel = Extent(height: 1, width: 2)
    layer.stride = Extent(height: 1, width: 2)
    layer.padding = .fixed(Padding(Extent(height: 0, width: 1)))
    layer.dilation = Extent(height: 1, width: 3)
    // Two channels of one row: a = 1 2 3 4 and b = 10 20 30 40. Taps at −1 and 2, then at 1 and 4 (padding).
    let y = try output(
      .convolution(layer), input: Shape(channels: 2, height: 1, width: 4), image: [1, 10, 2, 20, 3, 30, 4, 40],
      weights: [[1, 1, 1, -1]])
    #expect(y == [3, -30, 2, 20])
  }

  @Test
  func `a transposed convolution`() throws {
    // Each number lays the kernel 1 2 / 3 4, each next one two columns on. The first column and the last row are cut
    // off, and a column is added on the right.
    let layer = made(TransposedConvolutionLayer()) {
      ($0.channels, $0.kernel, $0.stride) = (1, Extent(2), Extent(height: 1, width: 2))
      ($0.padding, $0.outputPadding) = (Padding(top: 0, left: 1, bottom: 1, right: 0), Extent(height: 0, width: 1))
    }
    let y = try output(
      .transposedConvolution(layer), input: Shape(channels: 1, height: 2, width: 2), image: [1, 10, 100, 1_000],
      weights: [[1, 2, 3, 4], [0.5]])
    #expect(y == [2.5, 10.5, 20.5, 0.5, 204.5, 1_030.5, 2_040.5, 0.5])
  }

  @Test
  func `pooling`() throws {
    let image: [Double] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    let input = Shape(channels: 1, height: 3, width: 3)
    #expect(try output(.maxPooling(MaxPoolingLayer(2, stride: 1)), input: input, image: image) == [5, 6, 8, 9])
    let padded = Layer.maxPooling(MaxPoolingLayer(2, stride: 2, padding: 1))
    #expect(try output(padded, input: input, image: image.map { -$0 }) == [-1, -2, -4, -5])
    var mean = AveragePoolingLayer()
    mean.padding = Extent(1)
    #expect(try output(.averagePooling(mean), input: input, image: image) == [0.25, 1.25, 2.75, 7])
    mean.includePadding = false
    #expect(try output(.averagePooling(mean), input: input, image: image) == [1, 2.5, 5.5, 7])
    let global = Layer.globalAveragePooling(GlobalAveragePoolingLayer())
    #expect(try output(global, input: input, image: image) == [5])
  }

  @Test
  func `the first of equal values wins a window`() throws {
    let input = Shape(channels: 1, height: 2, width: 2)
    let network = NetworkDescription(
      name: "m", input: input,
      layers: [
        .layer(.maxPooling(MaxPoolingLayer(2)), name: "pool"), .layer(.flatten(FlattenLayer())),
        .layer(.dense(DenseLayer(2)), name: "head"),
      ])
    var options = PlanOptions(microBatch: 1, microBatches: 1)
    options.imageGradient = true
    let plan = try Planner.plan(network, options: options)
    let parameters = InitialParameters.values(plan.layout, seed: 1).map { Double($0) }
    let batch = ReferenceBatch(images: [1, 7, 7, 7], labels: [0], samples: [0], valid: 1)
    let result = ReferenceInterpreter(plan: plan).train(batch, parameters: parameters, seed: 0, step: 0, globalBatch: 1)
    #expect(result.imageGradient?.map { $0 != 0 } == [false, true, false, false])
  }

  @Test
  func `activations`() throws {
    let x: [Double] = [-2, -0.5, 0, 3]
    let input = Shape(features: 4)
    #expect(try output(.activation(.relu), input: input, image: x) == [0, 0, 0, 3])
    #expect(try output(.activation(.tanh), input: input, image: x) == x.map { tanh($0) })
    let sigmoid = try output(.activation(.sigmoid), input: input, image: x)
    #expect(zip(sigmoid, x).allSatisfy { abs($0 - 0.5 * (1 + tanh($1 / 2))) < 1e-15 })
    let gelu = try output(.activation(.gelu(.exact)), input: input, image: x)
    #expect(zip(gelu, x).allSatisfy { abs($0 - 0.5 * $1 * (1 + erf($1 / 2.squareRoot()))) < 1e-15 })
  }

  @Test
  func `softmax is over the channels and does not overflow`() throws {
    let y = try output(
      .softmax(SoftmaxLayer()), input: Shape(channels: 2, height: 1, width: 2), image: [1_000, 1_000, 0, log(3)])
    #expect(zip(y, [0.5, 0.5, 0.25, 0.75]).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  @Test
  func `flatten puts the channel first`() throws {
    let y = try output(
      .flatten(FlattenLayer()), input: Shape(channels: 2, height: 1, width: 3), image: [1, 10, 2, 20, 3, 30])
    #expect(y == [1, 2, 3, 10, 20, 30])
  }

  @Test
  func `batch normalization over the micro-batch`() throws {
    let y = try output(
      .batchNormalization(BatchNormalizationLayer()), input: Shape(features: 1), image: [1, 3, 5, 7],
      weights: [[2], [10]])
    let deviation = (5 + Double(Float(1e-5))).squareRoot()
    #expect(zip(y, [-3.0, -1, 1, 3]).allSatisfy { abs($0 - (10 + 2 * $1 / deviation)) < 1e-14 })
  }
}
