import Operators

/// Residual networks, with the names, strides and initial weights of torchvision's, so that its weights load by name.
///
/// Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015, sections 3.3, 4.1 and 4.2.
/// Where the shape changes, the shortcut is a strided 1×1 convolution with batch normalization (option B).
extension ZooModel {
  /// ResNet-20 for small images: three stages of three basic blocks.
  static let resnet20 = ZooModel(
    "resnet20", "He et al. 2015: 9 residual blocks, 16-32-64 channels",
    usual: (Shape(channels: 3, height: 32, width: 32), 10)
  ) { _, classes in
    residual(smallStem(16), .basic, stages: [(16, 3), (32, 3), (64, 3)], classes: classes)
  }

  /// ResNet-18 for small images: its stem is a 3×3 convolution in place of the 7×7 one, without max pooling.
  static let resnet18CIFAR = ZooModel(
    "resnet18-cifar", "He et al. 2015: 8 residual blocks, 64-128-256-512 channels",
    usual: (Shape(channels: 3, height: 32, width: 32), 10)
  ) { _, classes in
    residual(smallStem(64), .basic, stages: [(64, 2), (128, 2), (256, 2), (512, 2)], classes: classes)
  }

  /// ResNet-50 with the strides in the 3×3 convolutions, which is known as version 1.5 and is what torchvision has.
  static let resnet50 = ZooModel(
    "resnet50", "He et al. 2015: 16 bottleneck blocks, 256-512-1024-2048 channels",
    usual: (Shape(channels: 3, height: 224, width: 224), 1000)
  ) { _, classes in
    residual(largeStem(64), .bottleneck, stages: [(64, 3), (128, 4), (256, 6), (512, 3)], classes: classes)
  }

  /// Stem, stages and head. Each stage but the first halves height and width in its first block.
  private static func residual(
    _ stem: [Module], _ form: ResidualBlock, stages: [(width: Int, blocks: Int)], classes: Int
  ) -> [Module] {
    let stages = stages.enumerated().map { index, stage in
      let first = form.module(
        stage.width, stride: index == 0 ? 1 : 2, changesShape: index > 0 || form.expansion > 1, name: "0")
      let others = (1..<stage.blocks).map { form.module(stage.width, name: "\($0)") }
      return Module.sequential([first] + others, name: "layer\(index + 1)")
    }
    return stem + stages + [.globalAveragePooling("avgpool"), .dense("fc", classes)]
  }

  /// What comes before the first stage for images of about 32×32.
  private static func smallStem(_ channels: Int) -> [Module] {
    [.residual("conv1", channels, 3), .batchNormalization("bn1"), .relu("relu")]
  }

  /// What comes before the first stage for images of about 224×224; it leaves a quarter of height and width.
  private static func largeStem(_ channels: Int) -> [Module] {
    [
      .residual("conv1", channels, 7, stride: 2), .batchNormalization("bn1"), .relu("relu"),
      .maxPooling("maxpool", 3, stride: 2, padding: 1),
    ]
  }
}

/// The two forms of a residual block.
///
/// Source: He et al. 2015, figure 5.
private enum ResidualBlock {
  /// Two 3×3 convolutions.
  case basic
  /// A 3×3 convolution between two of 1×1, of which the second widens.
  case bottleneck

  /// How many times its width a block puts out.
  var expansion: Int {
    switch self {
    case .basic: 1
    case .bottleneck: 4
    }
  }

  /// The convolutions, the shortcut round them, and the ReLU after their sum.
  func module(_ width: Int, stride: Int = 1, changesShape: Bool = false, name: String) -> Module {
    let shortcut = changesShape ? projection(width, stride: stride) : .identity("")
    let sum = Module.branches(.add, [.sequential(body(width, stride: stride), name: ""), shortcut], name: "")
    return .sequential([sum, lastReLU], name: name)
  }

  private func body(_ width: Int, stride: Int) -> [Module] {
    switch self {
    case .basic:
      [
        .residual("conv1", width, 3, stride: stride), .batchNormalization("bn1"), .relu("relu1"),
        .residual("conv2", width, 3), .batchNormalization("bn2"),
      ]
    case .bottleneck:
      [
        .residual("conv1", width, 1), .batchNormalization("bn1"), .relu("relu1"),
        .residual("conv2", width, 3, stride: stride), .batchNormalization("bn2"), .relu("relu2"),
        .residual("conv3", expansion * width, 1), .batchNormalization("bn3"),
      ]
    }
  }

  private var lastReLU: Module {
    switch self {
    case .basic: .relu("relu2")
    case .bottleneck: .relu("relu3")
    }
  }

  private func projection(_ width: Int, stride: Int) -> Module {
    .sequential(
      [.residual(nil, expansion * width, 1, stride: stride), .batchNormalization(nil)], name: "downsample")
  }
}

extension Module {
  /// A convolution of residual networks: without bias, and it keeps height and width but for its stride.
  fileprivate static func residual(_ name: String?, _ channels: Int, _ kernel: Int, stride: Int = 1) -> Module {
    .convolution(
      name, channels, kernel, stride: stride, padding: kernel / 2, bias: false, initial: .heNormalFanOut)
  }
}
