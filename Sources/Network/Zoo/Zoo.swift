package import Operators

/// The built-in models. Each is a function of the image's shape and the number of classes.
package struct ZooModel: Sendable {
  package let name: String
  /// One line for the list of models.
  package let summary: String
  /// The image shape and number of classes that `models` and `plan` show it with.
  package let usual: (input: Shape, classes: Int)
  private let build: @Sendable (Shape, Int) -> [Module]

  init(
    _ name: String, _ summary: String, usual: (Shape, Int), build: @escaping @Sendable (Shape, Int) -> [Module]
  ) {
    self.name = name
    self.summary = summary
    self.usual = usual
    self.build = build
  }

  /// The network for images of the given shape and the given number of classes.
  package func network(input: Shape, classes: Int) -> NetworkDescription {
    NetworkDescription(name: name, input: input, layers: build(input, classes))
  }

  /// The network in its usual form.
  package var network: NetworkDescription { network(input: usual.input, classes: usual.classes) }
}

/// The list of built-in models.
package enum Zoo {
  /// All models, that with the least work for an image first.
  package static let models: [ZooModel] = [
    .mlp, .lenet5, .resnet20, .mobilenetCIFAR, .vgg11CIFAR, .resnet18CIFAR, .resnet50, .vgg19,
  ]

  /// The model of the given name.
  package static func model(_ name: String) -> ZooModel? { models.first { $0.name == name } }
}
