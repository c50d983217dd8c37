import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// The numbers that each distribution gives.
struct InitialValuesTests {
  /// The weights of a layer in the order of files.
  private func weights(_ layer: Layer, input: Shape, seed: UInt64 = 3) throws -> [Double] {
    var layers = [Module.layer(layer, name: "subject")]
    if try !layer.record.output(for: input).isVector { layers.append(.layer(.flatten(FlattenLayer()))) }
    let layout = try plan(
      NetworkDescription(name: "m", input: input, layers: layers + [.layer(.dense(DenseLayer(2)))])
    ).layout
    let weight = try #require(layout.parameters.first { $0.name == "subject.weight" })
    return layout.fileOrder(weight, from: InitialParameters.values(layout, seed: seed).span).map { Double($0) }
  }

  private func dense(_ initial: WeightInitializer, inputs: Int = 400, outputs: Int = 300) throws -> [Double] {
    try weights(.dense(DenseLayer(outputs, initial: initial)), input: Shape(features: inputs))
  }

  private func deviation(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }

  /// 120,000 numbers: the mean within four of its deviations, the deviation within 1%.
  private func check(_ values: [Double], deviation want: Double, largest: ClosedRange<Double>) {
    let mean = values.reduce(0, +) / Double(values.count)
    #expect(abs(mean) < 4 * want / Double(values.count).squareRoot())
    #expect(abs(deviation(values) / want - 1) < 0.01)
    #expect(largest.contains((values.map(abs).max() ?? 0) / want))
  }

  /// Initializers of normal distributions, with the square of the deviation.
  private static let normals: [(WeightInitializer, Double)] = [
    (.heNormal, 2.0 / 400), (.heNormalFanOut, 2.0 / 300), (.glorotNormal, 2.0 / 700), (.lecunNormal, 1.0 / 400),
    (.normal(std: 0.3), 0.09),
  ]

  @Test(arguments: normals)
  func `normal distributions`(initial: WeightInitializer, variance: Double) throws {
    check(try dense(initial), deviation: variance.squareRoot(), largest: 3.9...5.5)
  }

  /// Initializers of uniform distributions, with the square of the bound.
  private static let uniforms: [(WeightInitializer, Double)] = [
    (.pytorch, 1.0 / 400), (.heUniform, 6.0 / 400), (.glorotUniform, 6.0 / 700), (.lecunUniform, 3.0 / 400),
    (.uniform(bound: 0.2), 0.04),
  ]

  @Test(arguments: uniforms)
  func `uniform distributions`(initial: WeightInitializer, square: Double) throws {
    let root = 3.0.squareRoot()
    check(try dense(initial), deviation: square.squareRoot() / root, largest: root * 0.999...root * 1.000_001)
  }

  /// A normal distribution cut at two deviations has √(1 − 4·φ(2)/(2Φ(2) − 1)) = 0.8796 of them left.
  @Test
  func `a truncated normal distribution ends at two deviations`() throws {
    let values = try dense(.truncatedNormal(std: 0.1))
    #expect(values.allSatisfy { abs($0) <= 0.2 + 1e-8 })
    check(values, deviation: 0.087_963, largest: 2.25...2.274)
  }

  @Test
  func `constants`() throws {
    #expect(try dense(.constant(-0.5), inputs: 3, outputs: 2) == [Double](repeating: -0.5, count: 6))
  }

  /// PyTorch's fan-out of a grouped convolution: channels · kernel positions, whatever the groups.
  @Test
  func `the fan-out of a grouped convolution is PyTorch's`() throws {
    var layer = ConvolutionLayer(64, kernel: 3, padding: 1, initial: .heNormalFanOut)
    layer.groups = .count(4)
    let values = try weights(.convolution(layer), input: Shape(channels: 128, height: 3, width: 3))
    #expect(values.count == 64 * 32 * 9)
    #expect(abs(deviation(values) / (2.0 / (64 * 9)).squareRoot() - 1) < 0.02)
  }

  /// The products of all pairs of `count` vectors of `values`, which are its rows or its columns.
  private func checkOrthogonal(_ values: [Double], rows: Int, gain: Double) {
    let columns = values.count / rows
    let vectors =
      rows <= columns
      ? (0..<rows).map { row in (0..<columns).map { values[row * columns + $0] } }
      : (0..<columns).map { column in (0..<rows).map { values[$0 * columns + column] } }
    for (place, a) in vectors.enumerated() {
      for (other, b) in vectors[...place].enumerated() {
        let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / (gain * gain)
        #expect(abs(product - (place == other ? 1 : 0)) < 1e-6)
      }
    }
  }

  @Test(arguments: [(12, 40), (40, 12), (17, 17), (1, 30), (30, 1)], [1, 0.5, 3])
  func `orthogonal rows or columns`(shape: (outputs: Int, inputs: Int), gain: Double) throws {
    let values = try dense(.orthogonal(gain: gain), inputs: shape.inputs, outputs: shape.outputs)
    checkOrthogonal(values, rows: shape.outputs, gain: gain)
  }

  /// PyTorch flattens all but the first dimension of the weights.
  @Test
  func `orthogonal kernels`() throws {
    let input = Shape(channels: 6, height: 4, width: 4)
    var convolution = ConvolutionLayer(8, kernel: 3, padding: 1, initial: .orthogonal(gain: 1.5))
    convolution.groups = .count(2)
    checkOrthogonal(try weights(.convolution(convolution), input: input), rows: 8, gain: 1.5)
    convolution.groups = .depthwise
    (convolution.channels, convolution.kernel) = (24, Extent(height: 1, width: 2))
    checkOrthogonal(try weights(.convolution(convolution), input: input), rows: 24, gain: 1.5)
    var transposed = TransposedConvolutionLayer()
    (transposed.channels, transposed.kernel, transposed.initial) = (5, Extent(2), .orthogonal(gain: 1))
    checkOrthogonal(try weights(.transposedConvolution(transposed), input: input), rows: 6, gain: 1)
  }

  @Test
  func `a random orthogonal matrix prefers no direction`() throws {
    let values = try dense(.orthogonal(gain: 1), inputs: 100, outputs: 60)
    let mean = values.reduce(0, +) / Double(values.count)
    #expect(abs(mean) < 4 * 0.1 / Double(values.count).squareRoot())
    #expect(try dense(.orthogonal(gain: 1), inputs: 100, outputs: 60) == values)
  }

  @Test(arguments: UInt64(0)..<40)
  func `all parameters of a random model start finite and within bounds`(seed: UInt64) throws {
    let layout = try plan(RandomModel.network(seed: seed)).layout
    let values = InitialParameters.values(layout, seed: seed)
    #expect(values.allSatisfy { abs($0) <= 6 })
  }
}
