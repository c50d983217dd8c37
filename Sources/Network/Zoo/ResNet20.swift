extension ZooModel {
  /// ResNet-20 for small images: three stages of three basic blocks with 16, 32 and 64 channels; where the shape
  /// changes the short way is a strided 1×1 convolution with batch normalization (option B).
  ///
  /// Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015, sections 3.3 and 4.2.
  /// Names follow torchvision's ResNets.
  static let resnet20 = ZooModel(
    "resnet20", "He et al. 2015: 9 residual blocks, 16-32-64 channels",
    usual: (Shape(channels: 3, height: 32, width: 32), 10)
  ) { _, classes in
    let stem: [Module] = [
      .layer(.convolution(plainConvolution(16, kernel: 3)), name: "conv1"),
      .layer(.batchNormalization(BatchNormalizationLayer()), name: "bn1"),
      .layer(.activation(.relu), name: "relu"),
    ]
    let stages = [16, 32, 64].enumerated().map { index, channels in
      Module.sequential(
        (0..<3).map { block in basicBlock(channels, stride: index > 0 && block == 0 ? 2 : 1, name: "\(block)") },
        name: "layer\(index + 1)")
    }
    let head: [Module] = [
      .layer(.globalAveragePooling(GlobalAveragePoolingLayer()), name: "avgpool"),
      .layer(.dense(DenseLayer(classes)), name: "fc"),
    ]
    return stem + stages + head
  }

  /// Two 3×3 convolutions and the short way round them; a stride above 1 means that the channels change too.
  private static func basicBlock(_ channels: Int, stride: Int, name: String) -> Module {
    let body = Module.sequential(
      [
        .layer(.convolution(plainConvolution(channels, kernel: 3, stride: stride)), name: "conv1"),
        .layer(.batchNormalization(BatchNormalizationLayer()), name: "bn1"),
        .layer(.activation(.relu), name: "relu1"),
        .layer(.convolution(plainConvolution(channels, kernel: 3)), name: "conv2"),
        .layer(.batchNormalization(BatchNormalizationLayer()), name: "bn2"),
      ], name: "")
    let projection = Module.sequential(
      [
        .layer(.convolution(plainConvolution(channels, kernel: 1, stride: stride))),
        .layer(.batchNormalization(BatchNormalizationLayer())),
      ], name: "downsample")
    let short = stride == 1 ? Module.layer(.identity(IdentityLayer()), name: "") : projection
    return .sequential(
      [.branches(.add, [body, short], name: ""), .layer(.activation(.relu), name: "relu2")], name: name)
  }

  private static func plainConvolution(_ channels: Int, kernel: Int, stride: Int = 1) -> ConvolutionLayer {
    ConvolutionLayer(
      channels, kernel: kernel, stride: stride, padding: kernel / 2, bias: false, initial: .heNormalFanOut)
  }
}
