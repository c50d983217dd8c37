import Network
import Operators
import Planner
import Reference
import Testing

/// Layers that are linear maps: their backward pass is the transpose.
struct LinearLawTests {
  private static let linear = [
    "convolution", "transposed-convolution", "filter", "dense", "average-pool", "adaptive-average-pool",
    "gaussian-pool", "global-average-pool", "identity", "flatten", "reshape", "zero-pad", "crop", "upsample",
    "channel-shuffle", "layer-scale", "dropout", "spatial-dropout", "stochastic-depth",
  ]

  @Test(arguments: linear, UInt64(0)..<10)
  func `the gradient of a linear layer is its transpose, wherever it is taken`(kind: String, seed: UInt64) throws {
    let (layer, input) = try #require(OperatorCases.layer(kind, seed: seed))
    var alone = try Alone(layer, input: input, batch: 2)
    for parameter in alone.plan.layout.parameters {
      let isBias = parameter.name == "layer.bias"
      try alone.set(
        parameter.name, isBias ? parameter.range.map { _ in 0 } : normals(parameter.range.count, seed: seed))
    }
    let (x, elsewhere) = (
      normals(2 * input.count, seed: seed, "x"), normals(2 * input.count, seed: seed, "elsewhere")
    )
    let direction = normals(alone.plan.training.output.count * 2, seed: seed, "y")
    let image = alone.train(x).logits
    let back = try #require(alone.backward(elsewhere, direction: direction).imageGradient)
    #expect(abs(dot(image, direction) - dot(x, back)) < 1e-10, "\(layer) on \(input)")
  }

  @Test(arguments: UInt64(0)..<30)
  func `a transposed convolution is the transpose of the convolution with its weights`(seed: UInt64) throws {
    let (layer, input) = try #require(OperatorCases.layer("transposed-convolution", seed: seed))
    guard case .transposedConvolution(var settings) = layer else { return }
    settings.bias = false
    var up = try Alone(.transposedConvolution(settings), input: input)
    var down = try Alone(
      .convolution(
        made(ConvolutionLayer(input.channels, kernel: 1, bias: false)) {
          ($0.kernel, $0.stride, $0.dilation) = (settings.kernel, settings.stride, settings.dilation)
          ($0.padding, $0.groups) = (.fixed(settings.padding), .count(settings.groups.count(inputs: input.channels)))
        }), input: up.plan.training.output)
    #expect(down.plan.training.output == input)
    let weights = normals(up.plan.layout.parameters[0].range.count, seed: seed, "weights")
    try up.set("layer.weight", weights)
    try down.set("layer.weight", weights)
    let (x, z) = (normals(input.count, seed: seed, "x"), normals(up.plan.training.output.count, seed: seed, "z"))
    #expect(abs(dot(up.train(x).logits, z) - dot(x, down.train(z).logits)) < 1e-10)
    #expect(agree(up.backward(x, direction: z).imageGradient ?? [], down.train(z).logits, within: 1e-10))
  }

  @Test(arguments: [1, 2, 3])
  func `a transposed convolution with stride and kernel alike lays its kernel side by side`(stride: Int) throws {
    var layer = TransposedConvolutionLayer()
    (layer.channels, layer.kernel, layer.stride, layer.bias) = (1, Extent(stride), Extent(stride), false)
    let input = Shape(channels: 1, height: 2, width: 3)
    let y = try output(
      .transposedConvolution(layer), input: input, image: [1, 2, 3, 4, 5, 6],
      weights: [[Double](repeating: 1, count: stride * stride)])
    let nearest = made(UpsamplingLayer()) { $0.scale = Extent(stride) }
    #expect(try y == output(.upsampling(nearest), input: input, image: [1, 2, 3, 4, 5, 6]))
  }

  @Test(arguments: UInt64(0)..<20)
  func `filters are a depthwise convolution with fixed weights`(seed: UInt64) throws {
    let (layer, input) = try #require(OperatorCases.layer("filter", seed: seed))
    guard case .filter(let settings) = layer else { return }
    let filters = settings.kernel.filters
    let convolution = made(ConvolutionLayer(input.channels * filters.count, kernel: 1, bias: false)) {
      ($0.kernel, $0.stride, $0.dilation) = (settings.kernel.size, settings.stride, settings.dilation)
      ($0.padding, $0.groups) = (settings.padding, .depthwise)
    }
    let weights = (0..<input.channels).flatMap { _ in filters.joined().joined().map { Double($0) } }
    let x = normals(input.count, seed: seed)
    #expect(
      try agree(
        output(layer, input: input, image: x),
        output(.convolution(convolution), input: input, image: x, weights: [weights])))
  }
}
