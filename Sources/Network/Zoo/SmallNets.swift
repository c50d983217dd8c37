import Operators

/// The two smallest models, both for grey images of 28×28.
extension ZooModel {
  /// One hidden layer of 128 units with ReLU: the smallest network that learns something.
  static let mlp = ZooModel(
    "mlp", "one hidden layer of 128 units", usual: (Shape(channels: 1, height: 28, width: 28), 10)
  ) { _, classes in
    [.flatten("flatten"), .dense("fc1", 128), .relu("relu"), .dense("fc2", classes)]
  }

  /// LeNet-5: convolutions of 6 and 16 channels, then 120, 84 and the classes; with ReLU and max pooling as is usual
  /// today. Images of 28×28 are padded to the classic 32×32 by the first layer.
  ///
  /// Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998, fig.
  /// 2.
  static let lenet5 = ZooModel(
    "lenet5", "LeCun et al. 1998: 2 convolutions, 3 dense layers",
    usual: (Shape(channels: 1, height: 28, width: 28), 10)
  ) { input, classes in
    let padding = input.height == 28 && input.width == 28 ? 2 : 0
    return [
      .convolution("conv1", 6, 5, padding: padding), .relu("relu1"), .maxPooling("pool1", 2),
      .convolution("conv2", 16, 5), .relu("relu2"), .maxPooling("pool2", 2),
      .flatten("flatten"),
      .dense("fc1", 120), .relu("relu3"),
      .dense("fc2", 84), .relu("relu4"),
      .dense("fc3", classes),
    ]
  }
}
