import Network
import Operators
import Reference
import StrictYAML
import Testing

/// Every kind of layer alone, against finite differences of its forward pass.
struct OperatorGradientTests {
  private static let values = Loss.meanSquaredError(MeanSquaredErrorLoss(targets: .values))

  @Test
  func `every kind of layer has a case`() {
    #expect(Set(OperatorCases.makers.keys) == Set(Layer.kinds.map(\.alternative.name)))
  }

  @Test(.timeLimit(.minutes(4)), arguments: OperatorCases.makers.keys.sorted(), UInt64(0)..<8)
  func `a layer agrees with finite differences`(kind: String, seed: UInt64) throws {
    let (layer, input) = try #require(OperatorCases.layer(kind, seed: seed))
    try check([.layer(layer, name: "layer")], input: input, batch: 1 + Int(seed % 3), seed: seed)
  }

  @Test(.timeLimit(.minutes(4)), arguments: edges)
  func `a layer at the edge agrees with finite differences`(layer: Layer, input: Shape) throws {
    try check([.layer(layer, name: "layer")], input: input, batch: 2, seed: 1)
  }

  @Test(.timeLimit(.minutes(4)), arguments: Module.Merge.allCases)
  func `branches agree with finite differences`(merge: Module.Merge) throws {
    let nodes: [Module] = [
      .layer(.convolution(ConvolutionLayer(3, kernel: 3, padding: 1))), .layer(.activation(.relu)),
      .layer(.identity(IdentityLayer())),
    ]
    try check([.branches(merge, nodes, name: "all")], input: Shape(channels: 3, height: 4, width: 3), batch: 2, seed: 4)
  }

  /// The same value twice, a gate behind and before the image, two gates, and factors of vectors.
  @Test(.timeLimit(.minutes(4)), arguments: [["x", "x"], ["x", "g"], ["g", "x"], ["g", "g", "x"], ["g", "g"]])
  func `gates agree with finite differences`(branches: [String]) throws {
    let gate = Module.sequential([
      .layer(.globalAveragePooling(GlobalAveragePoolingLayer())), .layer(.dense(DenseLayer(3))),
      .layer(.activation(.sigmoid)),
    ])
    let nodes = branches.map { $0 == "g" ? gate : .layer(.identity(IdentityLayer())) }
    try check(
      [.branches(.multiply, nodes, name: "all")], input: Shape(channels: 3, height: 2, width: 3), batch: 3, seed: 2)
  }

  /// With this seed the first number of the images is 4·10⁻⁸: each step of the difference quotient crosses zero.
  @Test(arguments: [
    Layer.activation(.relu), .activation(.relu6), .activation(.leakyReLU(slope: 0.01)), .activation(.elu(alpha: 1.75)),
    .powerPooling(made(PowerPoolingLayer()) { ($0.kernel, $0.exponent) = (Extent(1), 1) }),
  ])
  func `a kink within the step is no error`(layer: Layer) throws {
    try check([.layer(layer)], input: Shape(channels: 1, height: 1, width: 2), batch: 1, seed: 1_165_670)
  }

  /// With this seed the two numbers of the image differ by 2·10⁻⁹.
  @Test
  func `a change of the largest number within the step is no error`() throws {
    let layer = Layer.globalMaxPooling(GlobalMaxPoolingLayer())
    try check([.layer(layer)], input: Shape(channels: 1, height: 1, width: 2), batch: 1, seed: 35_540_461)
  }

  private func check(_ nodes: [Module], input: Shape, batch: Int, seed: UInt64) throws {
    let network = NetworkDescription(name: "m", input: input, layers: nodes)
    let rows = try GradientCheck(network: network, loss: Self.values, batch: batch, seed: seed).run { _ in }
    let parameters = try network.layerTable().flatMap { $0.parameters.map(\.name) }
    #expect(Set(rows.map(\.name)) == Set(parameters + ["images"]))
    for row in rows { #expect(row.relativeError < GradientCheck.tolerance, "\(row) in \(network.fileText)") }
  }

  private static let edges: [(Layer, Shape)] = convolutionEdges + poolingEdges

  private static let pixel = Shape(channels: 2, height: 1, width: 1)
  private static let image = Shape(channels: 2, height: 4, width: 7)
  private static let signal = Shape(channels: 2, height: 1, width: 8)

  private static func convolution(
    _ channels: Int, _ kernel: Extent, stride: Extent = Extent(1), _ padding: PaddingRule, dilation: Int = 1,
    groups: ChannelGroups = .count(1)
  ) -> Layer {
    .convolution(
      made(ConvolutionLayer()) {
        ($0.channels, $0.kernel, $0.stride, $0.padding) = (channels, kernel, stride, padding)
        ($0.dilation, $0.groups) = (Extent(dilation), groups)
      })
  }

  private static func transposed(
    _ channels: Int, _ kernel: Int, stride: Int = 1, _ padding: Padding = .none, added: Int = 0, dilation: Int = 1,
    groups: ChannelGroups = .count(1)
  ) -> Layer {
    .transposedConvolution(
      made(TransposedConvolutionLayer()) {
        ($0.channels, $0.kernel, $0.stride, $0.padding) = (channels, Extent(kernel), Extent(stride), padding)
        ($0.outputPadding, $0.dilation, $0.groups) = (Extent(added), Extent(dilation), groups)
      })
  }

  /// Kernels beyond the image, strides beyond the kernel, sides of their own, and single channels and rows.
  private static let convolutionEdges: [(Layer, Shape)] = [
    (convolution(3, Extent(5), .fixed(Padding(Extent(2)))), pixel),
    (convolution(3, Extent(4), .same), pixel),
    (convolution(1, Extent(2), stride: Extent(3), .same), image),
    (convolution(1, Extent(2), stride: Extent(3), .fixed(Padding(top: 3, left: 0, bottom: 1, right: 2))), image),
    (convolution(4, Extent(height: 1, width: 3), .same, dilation: 2, groups: .depthwise), signal),
    (convolution(2, Extent(3), stride: Extent(2), .same, groups: .count(2)), image),
    (transposed(3, 3), pixel), (transposed(1, 2, stride: 3, added: 2), image),
    (transposed(4, 3, stride: 2, Padding(top: 2, left: 0, bottom: 1, right: 3), added: 1, groups: .count(2)), image),
    (transposed(2, 3, Padding(Extent(1)), dilation: 2, groups: .depthwise), image),
    (transposed(2, 1, stride: 2, Padding(Extent(0))), signal),
  ]

  /// Windows that the image does not fill.
  private static let poolingEdges: [(Layer, Shape)] = [
    (.maxPooling(made(MaxPoolingLayer(3, stride: 2, padding: 1)) { $0.ceil = true }), image),
    (.maxPooling(made(MaxPoolingLayer(3)) { $0.ceil = true }), pixel),
    (
      .averagePooling(
        made(AveragePoolingLayer()) { ($0.kernel, $0.padding, $0.ceil) = (Extent(3), Extent(1), true) }), image
    ),
    (
      .averagePooling(
        made(AveragePoolingLayer()) {
          ($0.kernel, $0.padding, $0.ceil, $0.includePadding) = (Extent(3), Extent(1), true, false)
        }), image
    ),
    (.averagePooling(made(AveragePoolingLayer()) { ($0.kernel, $0.stride) = (Extent(2), Extent(5)) }), image),
    (.powerPooling(made(PowerPoolingLayer()) { ($0.kernel, $0.ceil, $0.exponent) = (Extent(3), true, 1) }), image),
    (.powerPooling(made(PowerPoolingLayer()) { ($0.kernel, $0.ceil, $0.exponent) = (Extent(3), true, 1.25) }), pixel),
    (.gaussianPooling(made(GaussianPoolingLayer()) { ($0.kernel, $0.padding) = (Extent(4), Extent(2)) }), pixel),
    (.adaptiveAveragePooling(made(AdaptiveAveragePoolingLayer()) { $0.size = Extent(6) }), image),
  ]
}
