import Network
import Operators
import StrictYAML
import TestSupport
import Testing

/// A layer that does not fit its input is refused with its path and both shapes.
struct ShapeErrorTests {
  private func problem(_ layers: [Module], input: Shape = Shape(channels: 3, height: 8, width: 8)) -> String {
    do {
      let output = try NetworkDescription(name: "m", input: input, layers: layers).output()
      return "no error but \(output)"
    } catch {
      return error.description
    }
  }

  private func block(_ layer: Layer) -> [Module] { [.sequential([.layer(layer, name: "inner")], name: "block")] }

  @Test
  func `a kernel that is larger than its input`() {
    let text = problem(block(.convolution(ConvolutionLayer(4, kernel: 9))))
    #expect(text.hasPrefix("model m, layer 'block.inner' (convolution): its kernel of 9 (dilation 1)"))
    #expect(text.contains("3×8×8") && text.contains("padding 0"))
  }

  @Test
  func `a pooling window that is larger than its input`() {
    let text = problem(block(.maxPooling(MaxPoolingLayer(9))))
    #expect(text.hasPrefix("model m, layer 'block.inner' (max-pool): its window of 9") && text.contains("3×8×8"))
    var average = AveragePoolingLayer()
    average.kernel = Extent(height: 2, width: 9)
    let other = problem(block(.averagePooling(average)))
    #expect(other.hasPrefix("model m, layer 'block.inner' (average-pool): its window of 2×9"))
  }

  @Test
  func `a max-pool window on padding alone`() {
    var layer = MaxPoolingLayer(2, stride: 1, padding: 1)
    layer.dilation = Extent(2)
    let text = problem(block(.maxPooling(layer)), input: Shape(channels: 1, height: 1, width: 1))
    #expect(text.contains("'block.inner'") && text.contains("lies on padding alone"))
  }

  @Test
  func `groups that do not divide the channels`() {
    var layer = ConvolutionLayer(4, kernel: 1)
    layer.groups = .count(2)
    let text = problem(block(.convolution(layer)))
    #expect(text.contains("'block.inner'") && text.contains("2 groups do not divide the 3 channels of its input 3×8×8"))
  }

  @Test
  func `a dense layer on an image`() {
    let text = problem(block(.dense(DenseLayer(4))))
    #expect(text.contains("'block.inner' (dense)") && text.contains("3×8×8") && text.contains("'flatten'"))
  }

  @Test
  func `branches whose shapes do not fit`() {
    let wide = Module.layer(.convolution(ConvolutionLayer(4, kernel: 1)))
    let small = Module.layer(.maxPooling(MaxPoolingLayer(2)))
    let identity = Module.layer(.identity(IdentityLayer()))
    #expect(
      problem([.branches(.add, [wide, identity], name: "block")])
        == "model m, branches 'block': add needs equal shapes, but they are 4×8×8 and 3×8×8")
    #expect(
      problem([.branches(.concat, [small, identity], name: "block")])
        == "model m, branches 'block': concat needs equal heights and widths, but they are 3×4×4 and 3×8×8")
  }

  @Test
  func `two layers of one name`() {
    let layer = Module.layer(.activation(.relu), name: "same")
    #expect(problem([layer, layer]) == "model m: two layers are called 'same'; give one of them another name")
  }

  @Test
  func `sizes that no machine can hold are refused instead of overflowing`() {
    let widest = Shape(channels: 65_536, height: 65_536, width: 65_536)
    #expect(problem(block(.activation(.relu)), input: widest).contains("the limit is 268435456"))
    var padded = ConvolutionLayer(1_048_576, kernel: 1)
    padded.padding = .fixed(Padding(Extent(65_536)))
    #expect(problem(block(.convolution(padded))).contains("its output is too large: 1048576×131080×131080"))
    var large = ConvolutionLayer(1_048_576, kernel: 1)
    large.padding = .fixed(Padding(Extent(32_768)))
    large.kernel = Extent(65_536)
    #expect(problem(block(.convolution(large))).contains("its weight of 1048576×3×65536×65536 is too large"))
    #expect(
      problem(block(.dense(DenseLayer(1_048_576))), input: Shape(features: 65_536)).contains("its weight of"))
    let doubling = Module.branches(.concat, [Module](repeating: .layer(.identity(IdentityLayer())), count: 1_024))
    #expect(problem([doubling, doubling, doubling]).contains("too many features"))
  }

  @Test(arguments: [
    ("{zero-pad: {padding: [65536, 0]}}", "its output is too large: 3×131080×8 is higher or wider than 65536 pixels"),
    ("{upsample: {scale: [8193, 1]}}", "its output is too large: 3×65544×8 is higher or wider than 65536 pixels"),
    ("{upsample: {scale: 65536}}", "its output is too large: 3×524288×524288 are too many features"),
    ("{adaptive-average-pool: {size: 65536}}", "its output is too large: 3×65536×65536 are too many features"),
    ("{filter: {kernel: {box: {size: 3}}, padding: 65536}}", "its output is too large: 3×131078×131078"),
    (
      "{transposed-convolution: {channels: 1, kernel: 65536, stride: 65536, dilation: 65536}}",
      "its output is too large"
    ),
    ("{reshape: {shape: [65536, 65536, 65536]}}", "65536×65536×65536 has 281474976710656 elements"),
  ])
  func `large settings are refused`(layer: String, message: String) throws {
    let text = "input: [3, 8, 8]\nlayers: [{name: block, sequential: [{name: inner, sequential: [\(layer)]}]}]"
    let network = try NetworkDescription(parsing: text, source: "model.yaml", name: "m")
    #expect(problem(network.layers).contains("layer 'block.inner.0'"))
    #expect(problem(network.layers).contains(message))
  }

  @Test
  func `the map of a pooling has its bounds`() {
    var average = AveragePoolingLayer()
    (average.kernel, average.stride) = (Extent(height: 32_768, width: 1), Extent(1))
    let tall = Shape(channels: 1, height: 65_536, width: 1)
    #expect(problem(block(.averagePooling(average)), input: tall).contains("more than 16777216 pixels along one axis"))
    average.stride = Extent(height: 1_024, width: 1)
    #expect(problem(block(.averagePooling(average)), input: tall) == "no error but 1×33×1")
  }

  @Test
  func `endless strides do not overflow the receptive field`() throws {
    var layer = ConvolutionLayer(1, kernel: 1)
    layer.stride = Extent(65_536)
    let network = NetworkDescription(
      name: "m", input: Shape(channels: 1, height: 2, width: 2),
      layers: [Module](repeating: .layer(.convolution(layer)), count: 20))
    #expect(try network.layerTable().count == 20)
  }

  @Test
  func `a layer without a path still names its parameters`() throws {
    let network = NetworkDescription(
      name: "m", input: Shape(features: 3), layers: [.layer(.dense(DenseLayer(2)), name: "")])
    #expect(try network.layerTable().flatMap { $0.parameters.map(\.name) } == ["weight", "bias"])
  }
}
