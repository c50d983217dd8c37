import Network
import TestSupport
import Testing

/// The built-in models: sizes, shapes and names that are known from elsewhere.
struct ZooTests {
  private func rows(_ name: String) throws -> [LayerRow] { try #require(Zoo.model(name)).network.layerTable() }

  @Test(arguments: [
    ("mlp", 784 * 128 + 128 + 128 * 10 + 10), ("lenet5", 61_706), ("resnet20", 272_474),
    ("vgg11-cifar", 9_231_114),
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

  @Test(arguments: Zoo.models.map(\.name))
  func `every model ends with the asked number of classes`(name: String) throws {
    let model = try #require(Zoo.model(name))
    #expect(try model.network.output() == Shape(features: 10))
    #expect(try model.network(input: model.usual.input, classes: 37).output() == Shape(features: 37))
  }

  @Test
  func `an unknown name gives nothing`() {
    #expect(Zoo.model("resnet21") == nil)
  }
}
