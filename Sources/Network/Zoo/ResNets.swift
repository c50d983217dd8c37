import Operators

/// Residual networks, with the names, strides and initial weights of torchvision's, so that its weights load by name.
///
/// Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015, sections 3.3, 4.1 and 4.2.
/// Where the shape changes the short way is a strided 1×1 convolution with batch normalization (option B).
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
        width: stage.width, stride: index == 0 ? 1 : 2, changesShape: index > 0 || form.expansion > 1, name: "0")
      let others = (1..<stage.blocks).map { form.module(width: stage.width, name: "\($0)") }
      return Module.sequential([first] + others, name: "layer\(index + 1)")
    }
    let head: [Module] = [
      .layer(.globalAveragePooling(GlobalAveragePoolingLayer()), name: "avgpool"),
      .layer(.dense(DenseLayer(classes)), name: "fc"),
    ]
    return stem + stages + head
  }

  /// What comes before the first stage for images of about 32×32.
  private static func smallStem(_ channels: Int) -> [Module] {
    ResidualBlock.convolution(channels, kernel: 3).normalized(1) + [.layer(.activation(.relu), name: "relu")]
  }

  /// What comes before the first stage for images of about 224×224; it leaves a quarter of height and width.
  private static func largeStem(_ channels: Int) -> [Module] {
    ResidualBlock.convolution(channels, kernel: 7, stride: 2).normalized(1) + [
      .layer(.activation(.relu), name: "relu"),
      .layer(.maxPooling(MaxPoolingLayer(3, stride: 2, padding: 1)), name: "maxpool"),
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

  /// The convolutions, the short way round them, and the rectifier behind their sum.
  func module(width: Int, stride: Int = 1, changesShape: Bool = false, name: String) -> Module {
    let convolutions = convolutions(width: width, stride: stride)
    let short =
      changesShape ? projection(width: width, stride: stride) : .layer(.identity(IdentityLayer()), name: "")
    return .sequential(
      [
        .branches(.add, [Self.body(convolutions), short], name: ""),
        .layer(.activation(.relu), name: "relu\(convolutions.count)"),
      ], name: name)
  }

  private func convolutions(width: Int, stride: Int) -> [ConvolutionLayer] {
    switch self {
    case .basic:
      [Self.convolution(width, kernel: 3, stride: stride), Self.convolution(width, kernel: 3)]
    case .bottleneck:
      [
        Self.convolution(width, kernel: 1), Self.convolution(width, kernel: 3, stride: stride),
        Self.convolution(expansion * width, kernel: 1),
      ]
    }
  }

  /// The convolutions with their normalizations, and rectifiers between them.
  private static func body(_ convolutions: [ConvolutionLayer]) -> Module {
    let modules = convolutions.enumerated().flatMap { index, convolution in
      let rectifier = Module.layer(.activation(.relu), name: "relu\(index + 1)")
      return convolution.normalized(index + 1) + (index + 1 < convolutions.count ? [rectifier] : [])
    }
    return .sequential(modules, name: "")
  }

  private func projection(width: Int, stride: Int) -> Module {
    let convolution = Self.convolution(expansion * width, kernel: 1, stride: stride)
    return .sequential(
      [.layer(.convolution(convolution)), .layer(.batchNormalization(BatchNormalizationLayer()))], name: "downsample")
  }

  /// A convolution that keeps height and width but for its stride.
  static func convolution(_ channels: Int, kernel: Int, stride: Int = 1) -> ConvolutionLayer {
    ConvolutionLayer(
      channels, kernel: kernel, stride: stride, padding: kernel / 2, bias: false, initial: .heNormalFanOut)
  }
}
