extension ConvolutionLayer {
  /// The convolution and its batch normalization, called `conv1` and `bn1` if the number is 1.
  func normalized(_ number: Int) -> [Module] {
    [
      .layer(.convolution(self), name: "conv\(number)"),
      .layer(.batchNormalization(BatchNormalizationLayer()), name: "bn\(number)"),
    ]
  }
}
