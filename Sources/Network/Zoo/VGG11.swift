extension ZooModel {
  /// VGG-11 with batch normalization for small images: configuration A, and one dense layer instead of three.
  ///
  /// Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014,
  /// table 1. Names follow torchvision's `vgg11_bn`.
  static let vgg11CIFAR = ZooModel(
    "vgg11-cifar", "Simonyan and Zisserman 2014: 8 convolutions with batch normalization",
    usual: (Shape(channels: 3, height: 32, width: 32), 10)
  ) { _, classes in
    let widths: [[Int]] = [[64], [128], [256, 256], [512, 512], [512, 512]]
    let features = widths.flatMap { stage in
      stage.flatMap { channels -> [Module] in
        let convolution = ConvolutionLayer(channels, kernel: 3, padding: 1, initial: .heNormalFanOut)
        return [
          .layer(.convolution(convolution)), .layer(.batchNormalization(BatchNormalizationLayer())),
          .layer(.activation(.relu)),
        ]
      } + [.layer(.maxPooling(MaxPoolingLayer(2)))]
    }
    return [
      .sequential(features, name: "features"),
      .layer(.flatten(FlattenLayer()), name: "flatten"),
      .layer(.dense(DenseLayer(classes)), name: "classifier"),
    ]
  }
}
