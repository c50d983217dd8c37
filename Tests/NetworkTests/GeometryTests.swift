import Network
import Operators
import Randomness
import Reference
import TestSupport
import Testing

/// The arithmetic of windows against counting.
struct GeometryTests {
  /// A random window; the kernel may be larger than its input.
  private func window(_ seed: UInt64) -> Window {
    var stream = RandomStream(seed: seed, purpose: .testing)
    func extent(_ range: ClosedRange<Int>) -> Extent {
      Extent(height: stream.pick(range), width: stream.pick(range))
    }
    return Window(
      input: extent(1...9), kernel: extent(1...5), stride: extent(1...4),
      padding: Padding(
        top: stream.pick(0...3), left: stream.pick(0...3), bottom: stream.pick(0...3), right: stream.pick(0...3)),
      dilation: extent(1...3))
  }

  /// How often a dilated kernel fits into a padded row when it is moved along in steps.
  private func placesByCounting(_ input: Int, _ padding: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
    var places = 0
    while places * stride + (kernel - 1) * dilation < input + padding { places += 1 }
    return places
  }

  @Test(arguments: UInt64(0)..<500)
  func `the output has as many positions as the kernel fits`(seed: UInt64) {
    let w = window(seed)
    #expect(
      w.output.height
        == placesByCounting(
          w.input.height, w.padding.top + w.padding.bottom, w.kernel.height, w.stride.height, w.dilation.height))
    #expect(
      w.output.width
        == placesByCounting(
          w.input.width, w.padding.left + w.padding.right, w.kernel.width, w.stride.width, w.dilation.width))
  }

  @Test(arguments: UInt64(0)..<500)
  func `a window meets its input when every position has a tap on it`(seed: UInt64) {
    let w = window(seed)
    let rows = (0..<w.output.height).map { row in
      (0..<w.kernel.height).contains {
        (0..<w.input.height).contains(row * w.stride.height + $0 * w.dilation.height - w.padding.top)
      }
    }
    let columns = (0..<w.output.width).map { column in
      (0..<w.kernel.width).contains {
        (0..<w.input.width).contains(column * w.stride.width + $0 * w.dilation.width - w.padding.left)
      }
    }
    #expect(w.alwaysMeetsInput == (rows + columns).allSatisfy { $0 })
  }

  @Test
  func `sizes are described as the field does`() {
    #expect(Shape(channels: 3, height: 32, width: 16).description == "3×32×16")
    #expect(Shape(features: 10).description == "10")
    #expect(Extent(height: 3, width: 5).description == "3×5")
    #expect(Padding(top: 1, left: 2, bottom: 3, right: 4).description == "1,2,3,4")
    #expect(Padding(Extent(2)).description == "2")
  }
}

/// Receptive fields against following every path from an output position back to the image.
struct ReceptiveFieldTests {
  @Test(arguments: UInt64(0)..<200)
  func `the receptive field spans what an output position depends on`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed, purpose: .testing)
    var layers: [Module] = []
    var windows: [(kernel: Int, stride: Int, dilation: Int)] = []
    for _ in 0..<stream.pick(1...4) {
      let (kernel, stride, dilation) = (stream.pick(1...4), stream.pick(1...3), stream.pick(1...3))
      windows.append((kernel, stride, dilation))
      layers.append(.layer(layer(kernel, stride, dilation, kind: stream.pick(0...2))))
      if case .averagePooling = layers.last?.body.leaf { windows[windows.count - 1].dilation = 1 }
    }
    let network = NetworkDescription(
      name: "stack", input: Shape(channels: 1, height: 400, width: 400), layers: layers)
    let field = try network.layerTable().last?.receptiveField
    #expect(field == Extent(span(of: windows)))
  }

  private func layer(_ kernel: Int, _ stride: Int, _ dilation: Int, kind: Int) -> Layer {
    switch kind {
    case 0:
      var layer = ConvolutionLayer(1, kernel: kernel, stride: stride)
      layer.dilation = Extent(dilation)
      return .convolution(layer)
    case 1:
      var layer = MaxPoolingLayer(kernel, stride: stride)
      layer.dilation = Extent(dilation)
      return .maxPooling(layer)
    default:
      var layer = AveragePoolingLayer()
      layer.kernel = Extent(kernel)
      layer.stride = Extent(stride)
      return .averagePooling(layer)
    }
  }

  /// The extent of the image positions that output position 0 is made of.
  private func span(of windows: [(kernel: Int, stride: Int, dilation: Int)]) -> Int {
    var positions: Set<Int> = [0]
    for window in windows.reversed() {
      positions = Set(positions.flatMap { p in (0..<window.kernel).map { p * window.stride + $0 * window.dilation } })
    }
    return (positions.max() ?? 0) - (positions.min() ?? 0) + 1
  }

  @Test
  func `branches count with the widest and a dense layer sees everything`() throws {
    let network = NetworkDescription(
      name: "branches", input: Shape(channels: 1, height: 9, width: 9),
      layers: [
        .branches(
          .concat,
          [
            .layer(.convolution(ConvolutionLayer(1, kernel: 5, padding: 2))), .layer(.identity(IdentityLayer())),
            .layer(.convolution(ConvolutionLayer(1, kernel: 3, padding: 1))),
          ]),
        .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(2))),
      ])
    let rows = try network.layerTable()
    #expect(rows.map(\.receptiveField) == [Extent(5), Extent(3), Extent(5), Extent(5), nil])
  }
}

extension Module.Body {
  fileprivate var leaf: Layer? { if case .layer(let layer) = self { layer } else { nil } }
}
