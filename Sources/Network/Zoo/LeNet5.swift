import Operators

extension ZooModel {
  /// LeNet-5: convolutions of 6 and 16 channels, then 120, 84 and the classes; with ReLU and max pooling as is usual
  /// today. Images of 28×28 are padded to the classic 32×32 by the first layer.
  ///
  /// Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998, fig. 2.
  static let lenet5 = ZooModel(
    "lenet5", "LeCun et al. 1998: 2 convolutions, 3 dense layers",
    usual: (Shape(channels: 1, height: 28, width: 28), 10)
  ) { input, classes in
    let padding = input.height == 28 && input.width == 28 ? 2 : 0
    return [
      .layer(.convolution(ConvolutionLayer(6, kernel: 5, padding: padding)), name: "conv1"),
      .layer(.activation(.relu), name: "relu1"),
      .layer(.maxPooling(MaxPoolingLayer(2)), name: "pool1"),
      .layer(.convolution(ConvolutionLayer(16, kernel: 5)), name: "conv2"),
      .layer(.activation(.relu), name: "relu2"),
      .layer(.maxPooling(MaxPoolingLayer(2)), name: "pool2"),
      .layer(.flatten(FlattenLayer()), name: "flatten"),
      .layer(.dense(DenseLayer(120)), name: "fc1"),
      .layer(.activation(.relu), name: "relu3"),
      .layer(.dense(DenseLayer(84)), name: "fc2"),
      .layer(.activation(.relu), name: "relu4"),
      .layer(.dense(DenseLayer(classes)), name: "fc3"),
    ]
  }
}
