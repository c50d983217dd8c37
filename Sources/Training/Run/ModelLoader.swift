package import Configuration
package import Network
package import Operators
import StrictYAML

/// Finds the network that a configuration or a command line names.
package enum ModelLoader {
  /// The network for images of the given shape and a number of classes.
  ///
  /// - Throws: `RunError` if the name or the file is unknown or the model takes other images. Whether its
  ///   output fits the classes depends on the loss; `Blueprint` checks that.
  package static func network(
    _ choice: ModelChoice, input: Shape, classes: Int
  ) throws(RunError) -> NetworkDescription {
    switch choice {
    case .zoo(let name): return try zoo(name).network(input: input, classes: classes)
    case .file(let path): return try fitted(try file(path), to: input, source: path)
    case .inline(let model):
      return try fitted(model.network, to: input, source: "model \(model.name)")
    }
  }

  /// The same network; throws unless it takes images of the given shape.
  private static func fitted(
    _ network: NetworkDescription, to input: Shape, source: String
  ) throws(RunError) -> NetworkDescription {
    guard network.input == input else {
      throw RunError(
        .unusable,
        "\(source): the model takes images of \(network.input), but the data has \(input); change 'input' or data.size")
    }
    return network
  }

  /// A zoo model in its usual form, or the model of a file whose name ends in .yaml or .yml.
  package static func network(named name: String) throws(RunError) -> NetworkDescription {
    if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return try file(name) }
    return try zoo(name).network
  }

  /// The same network for square images of another size; the number of classes stays.
  ///
  /// - Throws: `RunError` if the name or the file is unknown. Whether the layers fit the size, the planner finds out.
  package static func network(named name: String, size: Int) throws(RunError) -> NetworkDescription {
    var network = try network(named: name)
    let input = Shape(channels: network.input.channels, height: size, width: size)
    if let model = Zoo.model(name) { return model.network(input: input, classes: model.usual.classes) }
    network.input = input
    return network
  }

  private static func zoo(_ name: String) throws(RunError) -> ZooModel {
    guard let model = Zoo.model(name) else {
      let hint = Suggestion.phrase(for: name, among: Zoo.models.map(\.name))
      throw RunError(.unusable, "model '\(name)' is not in the zoo; \(hint) (a file is given as {file: my-model.yaml})")
    }
    return model
  }

  /// The model in the file at `path`.
  static func file(_ path: String) throws(RunError) -> NetworkDescription {
    try RunError.asUnusable {
      try NetworkDescription(
        parsing: try Configurations.contents(of: path), source: path, name: ModelChoice.name(ofFile: path))
    }
  }
}
