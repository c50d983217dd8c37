import Foundation
import Network
import Operators
import Reference
import Testing

/// Normalizations against each other and their definitions.
struct NormalizationLawTests {
  private let input = Shape(channels: 6, height: 3, width: 2)
  private var x: [Double] { normals(2 * input.count, seed: 5).map { 3 * $0 + 1 } }

  private func group(_ groups: Int) -> Layer {
    .groupNormalization(made(GroupNormalizationLayer()) { ($0.groups, $0.affine) = (groups, false) })
  }

  /// Mean 0 and variance 1, but for ε.
  private func isNormal(_ values: [Double]) -> Bool {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return abs(mean) < 1e-12 && abs(variance - 1) < 1e-4
  }

  @Test
  func `one group for each channel is instance normalization`() throws {
    let instance = Layer.instanceNormalization(InstanceNormalizationLayer())
    #expect(try output(group(6), input: input, image: x) == output(instance, input: input, image: x))
  }

  @Test
  func `one group for all is layer normalization of a vector`() throws {
    let vector = Shape(features: input.count)
    let layer = Layer.layerNormalization(made(LayerNormalizationLayer()) { $0.affine = false })
    #expect(try output(group(1), input: input, image: x) == output(layer, input: vector, image: x))
  }

  @Test
  func `layer normalization makes the channels of each position normal`() throws {
    let y = try output(.layerNormalization(LayerNormalizationLayer()), input: input, image: x)
    for start in stride(from: 0, to: y.count, by: 6) { #expect(isNormal(Array(y[start..<start + 6]))) }
  }

  @Test
  func `group normalization makes each group of each sample normal`() throws {
    let y = try output(group(3), input: input, image: x)
    for sample in 0..<2 {
      for group in 0..<3 {
        let numbers = (0..<input.count).filter { $0 % 6 / 2 == group }.map { y[sample * input.count + $0] }
        #expect(isNormal(numbers))
      }
    }
  }

  @Test
  func `instance normalization of one sample is batch normalization`() throws {
    let image = Array(x.prefix(input.count))
    let instance = Layer.instanceNormalization(made(InstanceNormalizationLayer()) { $0.affine = true })
    let batch = Layer.batchNormalization(BatchNormalizationLayer())
    let weights = [normals(6, seed: 1), normals(6, seed: 2)]
    #expect(
      try agree(
        output(instance, input: input, image: image, weights: weights),
        output(batch, input: input, image: image, weights: weights)))
  }

  @Test(arguments: ["group-norm", "instance-norm", "layer-norm"])
  func `scale and shift are those of the channel`(kind: String) throws {
    let layers: [String: (Bool) -> Layer] = [
      "group-norm": { on in .groupNormalization(made(GroupNormalizationLayer()) { ($0.groups, $0.affine) = (2, on) }) },
      "instance-norm": { on in .instanceNormalization(made(InstanceNormalizationLayer()) { $0.affine = on }) },
      "layer-norm": { on in .layerNormalization(made(LayerNormalizationLayer()) { $0.affine = on }) },
    ]
    let layer = try #require(layers[kind])
    let (scale, shift): ([Double], [Double]) = ([1, 2, 3, 4, 5, 6], [60, 50, 40, 30, 20, 10])
    let plain = try output(layer(false), input: input, image: x)
    let affine = try output(layer(true), input: input, image: x, weights: [scale, shift])
    #expect(agree(affine, plain.enumerated().map { scale[$0 % 6] * $1 + shift[$0 % 6] }))
  }

  /// With its tail: alone, before a ReLU, and before an addition and a ReLU; with scale and shift trained or frozen.
  @Test(arguments: [0, 1, 2], [true, false])
  func `with frozen statistics a batch normalization is a depthwise convolution`(tail: Int, isTrained: Bool) throws {
    let modules = { (layer: Layer) -> [Module] in
      let own = Module.layer(layer, name: "layer")
      let body = tail < 2 ? own : .branches(.add, [own, .layer(.identity(IdentityLayer()))], name: "")
      return tail == 0 ? [body] : [body, .layer(.activation(.relu))]
    }
    var norm = try Alone(
      modules(.batchNormalization(BatchNormalizationLayer())), input: input, batch: 2,
      frozen: isTrained ? [] : ["layer.weight", "layer.bias"], frozenStatistics: ["layer"])
    let (scale, shift, mean) = (normals(6, seed: 1), normals(6, seed: 2), normals(6, seed: 3))
    let variance = normals(6, seed: 4).map { 0.5 + $0 * $0 }
    try norm.set("layer.weight", scale)
    try norm.set("layer.bias", shift)
    norm.setStatistics(mean: mean, variance: variance)

    let depthwise = made(ConvolutionLayer(6, kernel: 1)) { $0.groups = .depthwise }
    var convolution = try Alone(modules(.convolution(depthwise)), input: input, batch: 2)
    let inverse = variance.map { 1 / ($0 + Double(Float(1e-5))).squareRoot() }
    let weights = zip(scale, inverse).map { $0 * $1 }
    try convolution.set("layer.weight", weights)
    try convolution.set("layer.bias", (0..<6).map { shift[$0] - mean[$0] * weights[$0] })

    let direction = normals(2 * input.count, seed: 6)
    let (got, want) = (norm.backward(x, direction: direction), convolution.backward(x, direction: direction))
    #expect(agree(got.logits, want.logits))
    #expect(agree(got.imageGradient ?? [], want.imageGradient ?? []))
    guard isTrained else { return }
    let (products, sums) = (
      try convolution.gradient("layer.weight", in: want), try convolution.gradient("layer.bias", in: want)
    )
    let scaled = (0..<6).map { (products[$0] - mean[$0] * sums[$0]) * inverse[$0] }
    #expect(try agree(norm.gradient("layer.bias", in: got), sums))
    #expect(try agree(norm.gradient("layer.weight", in: got), scaled))
  }

  @Test(arguments: ["group-norm", "instance-norm", "layer-norm"])
  func `evaluation normalises as training does`(kind: String) throws {
    let (layer, input) = try #require(OperatorCases.layer(kind, seed: 2))
    let alone = try Alone(layer, input: input, batch: 2)
    let image = normals(2 * input.count, seed: 8)
    #expect(alone.train(image).logits == alone.evaluate(image).logits)
  }

  @Test
  func `local response normalization looks further back than ahead for an even size`() throws {
    let layer = made(LocalResponseNormalizationLayer()) {
      ($0.size, $0.alpha, $0.beta, $0.k) = (2, 1, 1, 2)
    }
    let y = try output(
      .localResponseNormalization(layer), input: Shape(channels: 3, height: 1, width: 2),
      image: [1, 2, 3, 0, 0, 4])
    // s = 2 + ½·(x[c − 1]² + x[c]²).
    let sums = [2.5, 4.5, 8.5, 2, 2, 10]
    #expect(agree(y, zip([1, 2, 3, 0, 0, 4], sums).map { $0 / $1 }))
  }

  @Test
  func `local response normalization with PyTorch's defaults`() throws {
    let y = try output(
      .localResponseNormalization(LocalResponseNormalizationLayer()), input: Shape(features: 4),
      image: [10, -20, 30, 40])
    let (alpha, beta) = (Double(Float(1e-4)) / 5, Double(Float(0.75)))
    let squares: [Double] = [1_400, 3_000, 3_000, 2_900]
    let expected = zip([10, -20, 30, 40], squares).map { $0 / pow(1 + alpha * $1, beta) }
    #expect(agree(y, expected))
  }
}
