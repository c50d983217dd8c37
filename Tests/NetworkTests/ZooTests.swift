import Network
import Operators
import TestSupport
import Testing

/// The built-in models: sizes, shapes and names that are known from elsewhere.
struct ZooTests {
  private func rows(_ name: String) throws -> [LayerRow] { try #require(Zoo.model(name)).network.layerTable() }

  private func shapes(_ rows: [LayerRow]) -> [String: [Int]] {
    let parameters = rows.flatMap(\.parameters)
    return Dictionary(parameters.map { ($0.name, $0.description.shape) }) { first, _ in first }
  }

  private func outputs(_ rows: [LayerRow], _ name: String) -> [String] {
    rows.filter { $0.path.hasSuffix(".\(name)") }.map(\.output.description)
  }

  @Test(arguments: [
    ("mlp", 784 * 128 + 128 + 128 * 10 + 10), ("lenet5", 61_706), ("resnet20", 272_474),
    ("mobilenet-cifar", 3_217_226), ("vgg11-cifar", 9_231_114), ("resnet18-cifar", 11_173_962),
    ("resnet50", 25_557_032), ("vgg19", 143_667_240),
  ])
  func `the number of parameters is the known one`(name: String, count: Int) throws {
    #expect(try rows(name).reduce(0) { $0 + $1.parameterCount } == count)
  }

  @Test
  func `lenet5 has the shapes of the paper`() throws {
    let rows = try rows("lenet5")
    #expect(rows.first?.input.description == "1×28×28")
    #expect(
      rows.map(\.output.description)
        == [
          "6×28×28", "6×28×28", "6×14×14", "16×10×10", "16×10×10", "16×5×5", "400", "120", "120", "84", "84", "10",
        ])
    #expect(
      rows.map(\.parameterCount) == [156, 0, 0, 2_416, 0, 0, 0, 48_120, 0, 10_164, 0, 850])
    #expect(rows.map(\.receptiveField).prefix(7) == [5, 5, 6, 14, 14, 16, 16].map { Extent($0) }[...])
    #expect(rows[0].multiplyAdds == 28 * 28 * 6 * 25)
  }

  @Test
  func `resnet20 has torchvision's names`() throws {
    let names = Set(try rows("resnet20").flatMap { $0.parameters.map(\.name) })
    let known = [
      "conv1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer1.2.bn2.weight", "layer2.0.downsample.0.weight",
      "layer2.0.downsample.1.weight", "layer3.2.conv2.weight", "fc.weight", "fc.bias",
    ]
    #expect(names.isSuperset(of: known))
    #expect(names.isDisjoint(with: ["conv1.bias", "layer1.0.downsample.0.weight"]))
    #expect(names.count == 65)
  }

  @Test
  func `vgg11-cifar has torchvision's names`() throws {
    let names = try rows("vgg11-cifar").flatMap { $0.parameters.map(\.name) }
    #expect(names.prefix(4) == ["features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias"])
    #expect(names.suffix(2) == ["classifier.weight", "classifier.bias"])
    #expect(names.contains("features.25.weight"))
  }

  @Test
  func `resnet18-cifar has the names and shapes of torchvision's resnet18`() throws {
    let rows = try rows("resnet18-cifar")
    let shapes = shapes(rows)
    #expect(shapes.count == 62)
    #expect(shapes["conv1.weight"] == [64, 3, 3, 3])
    #expect(shapes["layer1.0.downsample.0.weight"] == nil)
    #expect(shapes["layer2.0.downsample.0.weight"] == [128, 64, 1, 1])
    #expect(shapes["layer4.1.bn2.bias"] == [512])
    #expect(shapes["fc.weight"] == [10, 512])
    #expect(
      outputs(rows, "relu2") == [
        "64×32×32", "64×32×32", "128×16×16", "128×16×16", "256×8×8", "256×8×8", "512×4×4", "512×4×4",
      ])
  }

  @Test
  func `resnet50 has the names, shapes and strides of torchvision's`() throws {
    let rows = try rows("resnet50")
    let shapes = shapes(rows)
    #expect(shapes.count == 161)
    #expect(shapes["conv1.weight"] == [64, 3, 7, 7])
    #expect(shapes["layer1.0.conv3.weight"] == [256, 64, 1, 1])
    #expect(shapes["layer1.0.downsample.0.weight"] == [256, 64, 1, 1])
    #expect(shapes["layer1.1.downsample.0.weight"] == nil)
    #expect(shapes["layer3.5.conv2.weight"] == [256, 256, 3, 3])
    #expect(shapes["layer4.0.downsample.1.bias"] == [2048])
    #expect(shapes["fc.bias"] == [1000])
    #expect(rows.first { $0.path == "maxpool" }?.output.description == "64×56×56")
    #expect(rows.first { $0.path == "layer2.0.conv1" }?.output.description == "128×56×56")
    #expect(rows.first { $0.path == "layer2.0.conv2" }?.output.description == "128×28×28")
    #expect(rows.first { $0.path == "avgpool" }?.input.description == "2048×7×7")
  }

  @Test
  func `vgg19 has torchvision's names and shapes`() throws {
    let rows = try rows("vgg19")
    let shapes = shapes(rows)
    #expect(shapes.count == 38)
    #expect(shapes["features.0.weight"] == [64, 3, 3, 3])
    #expect(shapes["features.34.weight"] == [512, 512, 3, 3])
    #expect(shapes["classifier.0.weight"] == [4096, 25088])
    #expect(shapes["classifier.6.bias"] == [1000])
    #expect(rows.filter { $0.kind == "dropout" }.map(\.path) == ["classifier.2", "classifier.5"])
  }

  @Test(arguments: [(32, 32), (224, 160), (256, 256)])
  func `the weights of vgg19 fit images of any size`(height: Int, width: Int) throws {
    let model = try #require(Zoo.model("vgg19"))
    let image = Shape(channels: 3, height: height, width: width)
    let other = try model.network(input: image, classes: 1000).layerTable()
    #expect(try shapes(other) == shapes(model.network.layerTable()))
  }

  @Test
  func `mobilenet-cifar alternates depthwise and pointwise convolutions`() throws {
    let rows = try rows("mobilenet-cifar")
    let shapes = shapes(rows)
    #expect(shapes.count == 83)
    #expect(shapes["layers.0.conv1.weight"] == [32, 1, 3, 3])
    #expect(shapes["layers.0.conv2.weight"] == [64, 32, 1, 1])
    #expect(shapes["layers.12.conv1.weight"] == [1024, 1, 3, 3])
    #expect(shapes["linear.weight"] == [10, 1024])
    #expect(rows.first { $0.path == "avgpool" }?.input.description == "1024×2×2")
  }

  @Test
  func `the models are listed in the order of their work`() throws {
    let work = try Zoo.models.map { try $0.network.layerTable().reduce(0) { $0 + $1.multiplyAdds } }
    #expect(work == work.sorted())
  }

  @Test(arguments: Zoo.models.map(\.name))
  func `every model ends with the asked number of classes`(name: String) throws {
    let model = try #require(Zoo.model(name))
    #expect(try model.network.output() == Shape(features: model.usual.classes))
    #expect(try model.network(input: model.usual.input, classes: 37).output() == Shape(features: 37))
  }

  @Test
  func `an unknown name gives nothing`() {
    #expect(Zoo.model("resnet21") == nil)
  }
}
