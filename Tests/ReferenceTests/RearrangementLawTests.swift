import Network
import Operators
import Reference
import Testing

/// Layers that move numbers: what they do is undone by another of them.
struct RearrangementLawTests {
  private let input = Shape(channels: 6, height: 3, width: 4)
  private var x: [Double] { (0..<2 * input.count).map(Double.init) }

  private func image(of layers: [Layer]) throws -> [Double] {
    try Alone(layers.map { .layer($0) }, input: input, batch: 2).train(x).logits
  }

  private func shuffle(_ groups: Int) -> Layer {
    .channelShuffle(made(ChannelShuffleLayer()) { $0.groups = groups })
  }

  private func reshape(_ channels: Int, _ height: Int, _ width: Int) -> Layer {
    .reshape(made(ReshapeLayer()) { $0.shape = Shape(channels: channels, height: height, width: width) })
  }

  @Test(arguments: [1, 2, 3, 6])
  func `shuffling with g and then with C over g groups changes nothing`(groups: Int) throws {
    #expect(try image(of: [shuffle(groups), shuffle(6 / groups)]) == x)
  }

  @Test
  func `a shuffle takes one channel of each group in turn`() throws {
    let y = try output(shuffle(2), input: Shape(channels: 6, height: 1, width: 2), image: (0..<12).map(Double.init))
    #expect(y == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11])
  }

  @Test
  func `what padding lays round the image, cropping takes away`() throws {
    let frame = Padding(top: 1, left: 2, bottom: 0, right: 3)
    let pad = made(ZeroPaddingLayer()) { $0.padding = frame }
    let crop = made(CropLayer()) { $0.edges = frame }
    #expect(try image(of: [.zeroPadding(pad), .crop(crop)]) == x)
    let framed = try image(of: [.zeroPadding(pad)])
    #expect(framed.count == 432)
    let (inside, all): (Double, Double) = (x.reduce(0, +), framed.reduce(0, +))
    #expect(inside == all)
  }

  @Test
  func `padding and cropping by hand`() throws {
    let small = Shape(channels: 1, height: 2, width: 2)
    let pad = made(ZeroPaddingLayer()) { $0.padding = Padding(top: 1, left: 0, bottom: 0, right: 1) }
    #expect(try output(.zeroPadding(pad), input: small, image: [1, 2, 3, 4]) == [0, 0, 0, 1, 2, 0, 3, 4, 0])
    let crop = made(CropLayer()) { $0.edges = Padding(top: 1, left: 0, bottom: 0, right: 1) }
    #expect(try output(.crop(crop), input: small, image: [1, 2, 3, 4]) == [3])
    #expect(try Alone(.crop(crop), input: small).backward([1, 2, 3, 4], direction: [5]).imageGradient == [0, 0, 5, 0])
  }

  @Test
  func `zeros of a layer are zeros of the convolution`() throws {
    let frame = Padding(top: 2, left: 1, bottom: 0, right: 1)
    let weights = normals(2 * 6 * 9, seed: 1)
    let inside = made(ConvolutionLayer(2, kernel: 3, stride: 2, bias: false)) { $0.padding = .fixed(frame) }
    let outside = made(ZeroPaddingLayer()) { $0.padding = frame }
    var one = try Alone([.layer(.convolution(inside), name: "c")], input: input, batch: 2)
    var two = try Alone(
      [
        .layer(.zeroPadding(outside)),
        .layer(.convolution(ConvolutionLayer(2, kernel: 3, stride: 2, bias: false)), name: "c"),
      ], input: input, batch: 2)
    try one.set("c.weight", weights)
    try two.set("c.weight", weights)
    #expect(agree(one.train(x).logits, two.train(x).logits))
  }

  @Test
  func `a shape and back changes nothing, and a vector is the flattened image`() throws {
    #expect(try image(of: [reshape(2, 9, 4), reshape(6, 3, 4)]) == x)
    #expect(try image(of: [reshape(72, 1, 1)]) == image(of: [.flatten(FlattenLayer())]))
    #expect(try image(of: [reshape(2, 9, 4), .flatten(FlattenLayer())]) == image(of: [.flatten(FlattenLayer())]))
  }

  @Test
  func `one shape as another, by hand`() throws {
    // Channel first: 0 1 2 | 3 4 5, and as three channels of two: 0 1 | 2 3 | 4 5.
    let y = try output(reshape(3, 1, 2), input: Shape(channels: 2, height: 1, width: 3), image: [0, 3, 1, 4, 2, 5])
    #expect(y == [0, 2, 4, 1, 3, 5])
  }
}
