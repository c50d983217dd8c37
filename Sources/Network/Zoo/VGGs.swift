import Operators

/// The networks of the Visual Geometry Group, with the names and initial weights of torchvision's, so that its weights
/// load by name.
///
/// Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014, table 1.
extension ZooModel {
  /// VGG-11 with batch normalization for small images: configuration A, and one dense layer instead of three. Names
  /// follow torchvision's `vgg11_bn`.
  static let vgg11CIFAR = ZooModel(
    "vgg11-cifar", "Simonyan and Zisserman 2014: 8 convolutions with batch normalization",
    usual: (Shape(channels: 3, height: 32, width: 32), 10)
  ) { _, classes in
    [features([1, 1, 2, 2, 2], normalized: true), .flatten("flatten"), .dense("classifier", classes)]
  }

  /// VGG-19, configuration E, as torchvision's `vgg19`. Its weights fit images of any size, for what the convolutions
  /// leave is averaged to 7×7 where it is not that already.
  static let vgg19 = ZooModel(
    "vgg19", "Simonyan and Zisserman 2014: 16 convolutions, 3 dense layers",
    usual: (Shape(channels: 3, height: 224, width: 224), 1000)
  ) { input, classes in
    let leavesSeven = input.height / 32 == 7 && input.width / 32 == 7
    return [features([2, 2, 4, 4, 4], normalized: false)]
      + (leavesSeven ? [] : [.adaptiveAveragePooling("avgpool", 7)]) + [.flatten("flatten"), classifier(classes)]
  }

  /// Five stages of 3×3 convolutions, so many each, with max pooling after every one.
  private static func features(_ convolutions: [Int], normalized: Bool) -> Module {
    let stages = zip([64, 128, 256, 512, 512], convolutions).map { channels, count in
      let convolution = Module.convolution(nil, channels, 3, padding: 1, initial: .heNormalFanOut)
      let step = [convolution] + (normalized ? [.batchNormalization(nil)] : []) + [.relu(nil)]
      return Array(repeating: step, count: count).joined() + [.maxPooling(nil, 2)]
    }
    return .sequential(Array(stages.joined()), name: "features")
  }

  /// Two wide layers with dropout, and the classes.
  private static func classifier(_ classes: Int) -> Module {
    let initial = WeightInitializer.normal(std: 0.01)
    let wide: [Module] = [.dense(nil, 4096, initial: initial), .relu(nil), .dropout(nil, 0.5)]
    return .sequential(wide + wide + [.dense(nil, classes, initial: initial)], name: "classifier")
  }
}
