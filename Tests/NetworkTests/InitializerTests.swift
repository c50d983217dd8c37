import Network
import Operators
import Randomness
import StrictYAML
import TestSupport
import Testing

/// Distributions of initial weights: how they are written, and what they make of a layer.
struct InitializerTests {
  private func initializer(_ text: String) throws -> WeightInitializer {
    try WeightInitializer(yaml: YAMLCursor(try YAMLTree(parsing: text, source: "text"), source: "text"))
  }

  @Test(arguments: [
    ("pytorch", WeightInitializer.pytorch), ("he-normal", .heNormal), ("he-uniform", .heUniform),
    ("he-normal-fan-out", .heNormalFanOut), ("glorot-normal", .glorotNormal), ("glorot-uniform", .glorotUniform),
    ("lecun-normal", .lecunNormal), ("lecun-uniform", .lecunUniform), ("normal", .normal(std: 0.02)),
    ("{normal: {deviation: 0.5}}", .normal(std: 0.5)), ("{uniform: {bound: 0.25}}", .uniform(bound: 0.25)),
    ("{truncated-normal: {deviation: 0.1}}", .truncatedNormal(std: 0.1)), ("orthogonal", .orthogonal(gain: 1)),
    ("{orthogonal: {gain: 2}}", .orthogonal(gain: 2)), ("{constant: {value: -0.5}}", .constant(-0.5)),
  ])
  func `each is written by its word`(text: String, want: WeightInitializer) throws {
    #expect(try initializer(text) == want)
    #expect(try WeightInitializer(yaml: YAMLCursor(want.yaml, source: "text")) == want)
  }

  @Test(arguments: [
    "{normal: {deviation: 0}}", "{normal: {deviation: 1e300}}", "{uniform: {bound: -1}}", "{orthogonal: {gain: 1e-60}}",
    "{constant: {value: 1e40}}", "{he-normal: {deviation: 1}}", "he", "[]",
  ])
  func `what makes no weights is refused`(text: String) {
    #expect(throws: YAMLError.self) { try initializer(text) }
  }

  /// What the initializer makes of weights with the given fans, after the papers.
  private func expected(_ initializer: WeightInitializer, _ fanIn: Double, _ fanOut: Double, rows: Int) -> InitialValues
  {
    switch initializer {
    case .pytorch: .uniform(bound: (1 / fanIn).squareRoot())
    case .heNormal: .normal(std: (2 / fanIn).squareRoot())
    case .heUniform: .uniform(bound: (6 / fanIn).squareRoot())
    case .heNormalFanOut: .normal(std: (2 / fanOut).squareRoot())
    case .glorotNormal: .normal(std: (2 / (fanIn + fanOut)).squareRoot())
    case .glorotUniform: .uniform(bound: (6 / (fanIn + fanOut)).squareRoot())
    case .lecunNormal: .normal(std: (1 / fanIn).squareRoot())
    case .lecunUniform: .uniform(bound: (3 / fanIn).squareRoot())
    case .normal(let std): .normal(std: std)
    case .uniform(let bound): .uniform(bound: bound)
    case .truncatedNormal(let std): .truncatedNormal(std: std)
    case .orthogonal(let gain): .orthogonal(rows: rows, gain: gain)
    case .constant(let value): .constant(value)
    }
  }

  private let initializers: [WeightInitializer] = [
    .pytorch, .heNormal, .heUniform, .heNormalFanOut, .glorotNormal, .glorotUniform, .lecunNormal, .lecunUniform,
    .normal(std: 0.3), .uniform(bound: 0.2), .truncatedNormal(std: 0.1), .orthogonal(gain: 1.5),
    .constant(2),
  ]

  /// Checks weights and biases of a layer against the fans and the rows of its weights.
  private func check(
    _ layer: any LayerDescription, _ initial: WeightInitializer, _ input: Shape, fans: (Int, Int), rows: Int
  ) {
    let parameters = layer.parameters(for: input)
    #expect(parameters[0].initial == expected(initial, Double(fans.0), Double(fans.1), rows: rows), "\(layer)")
    let biases = initial == .pytorch ? InitialValues.uniform(bound: 1 / Double(fans.0).squareRoot()) : .constant(0)
    #expect(parameters[1].initial == biases, "\(layer)")
  }

  /// PyTorch's fans: of weights [a, b, kernel], b and a times the kernel's positions, whatever the groups.
  @Test
  func `fan-in and fan-out are PyTorch's`() {
    let input = Shape(channels: 6, height: 9, width: 9)
    for initial in initializers {
      var convolution = ConvolutionLayer(8, kernel: 3, initial: initial)
      convolution.kernel = Extent(height: 3, width: 5)
      check(convolution, initial, input, fans: (6 * 15, 8 * 15), rows: 8)
      convolution.groups = .count(2)
      check(convolution, initial, input, fans: (3 * 15, 8 * 15), rows: 8)
      convolution.channels = 12
      convolution.groups = .depthwise
      check(convolution, initial, input, fans: (15, 12 * 15), rows: 12)
      var transposed = TransposedConvolutionLayer()
      (transposed.channels, transposed.groups, transposed.initial) = (8, .count(2), initial)
      transposed.kernel = Extent(height: 2, width: 4)
      check(transposed, initial, input, fans: (4 * 8, 6 * 8), rows: 6)
      check(DenseLayer(10, initial: initial), initial, Shape(features: 7), fans: (7, 10), rows: 10)
    }
  }

  @Test
  func `scales start where they are told to`() {
    let input = Shape(channels: 4, height: 3, width: 3)
    var batch = BatchNormalizationLayer()
    batch.initialScale = 0
    #expect(batch.parameters(for: input).map(\.initial) == [.constant(0), .constant(0)])
    var group = GroupNormalizationLayer()
    (group.groups, group.initialScale) = (2, 0.5)
    #expect(group.parameters(for: input).map(\.initial) == [.constant(0.5), .constant(0)])
    group.affine = false
    #expect(group.parameters(for: input).isEmpty)
    #expect(InstanceNormalizationLayer().parameters(for: input).isEmpty)
    #expect(LayerNormalizationLayer().parameters(for: input).map(\.shape) == [[4], [4]])
    let scale = LayerScaleLayer().parameters(for: input)
    #expect(scale.map(\.name) == ["layer_scale"] && scale[0].shape == [4, 1, 1])
    #expect(scale[0].initial == .constant(1e-6))
  }
}
