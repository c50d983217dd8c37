import Operators

extension ZooModel {
  /// One hidden layer of 128 rectified units: the smallest network that learns something.
  static let mlp = ZooModel(
    "mlp", "one hidden layer of 128 units", usual: (Shape(channels: 1, height: 28, width: 28), 10)
  ) { _, classes in
    [
      .layer(.flatten(FlattenLayer()), name: "flatten"),
      .layer(.dense(DenseLayer(128)), name: "fc1"),
      .layer(.activation(.relu), name: "relu"),
      .layer(.dense(DenseLayer(classes)), name: "fc2"),
    ]
  }
}
