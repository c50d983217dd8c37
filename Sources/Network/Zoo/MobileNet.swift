import Operators

extension ZooModel {
  /// MobileNet of width 1 for small images: its first convolution and its second block do not stride.
  ///
  /// The parameters are `conv1`, `bn1`, then in block N, from 0 to 12, `layers.N.conv1` and `.bn1` of the depthwise
  /// convolution, `layers.N.conv2` and `.bn2` of the pointwise one, and `linear`: the names of the model in the
  /// repository pytorch-cifar, for torchvision has no MobileNet of the first version.
  ///
  /// Source: Howard et al., "MobileNets: Efficient convolutional neural networks for mobile vision applications", 2017,
  /// table 1.
  static let mobilenetCIFAR = ZooModel(
    "mobilenet-cifar", "Howard et al. 2017: 13 depthwise separable convolutions",
    usual: (Shape(channels: 3, height: 32, width: 32), 10)
  ) { _, classes in
    let stem: [Module] = [
      .convolution("conv1", 32, 3, padding: 1, bias: false), .batchNormalization("bn1"), .relu("relu"),
    ]
    let widths: [(channels: Int, stride: Int)] =
      [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
      + Array(repeating: (512, 1), count: 5) + [(1024, 2), (1024, 1)]
    let blocks = zip([32] + widths.map(\.channels), widths).map { inputs, block in
      separable(inputs, block.channels, stride: block.stride)
    }
    return stem + [.sequential(blocks, name: "layers"), .globalAveragePooling("avgpool"), .dense("linear", classes)]
  }

  /// A convolution of each channel alone, and one of 1×1 that mixes them.
  private static func separable(_ inputs: Int, _ channels: Int, stride: Int) -> Module {
    .sequential([
      .convolution("conv1", inputs, 3, stride: stride, padding: 1, groups: .depthwise, bias: false),
      .batchNormalization("bn1"), .relu("relu1"),
      .convolution("conv2", channels, 1, bias: false), .batchNormalization("bn2"), .relu("relu2"),
    ])
  }
}
