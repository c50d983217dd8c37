// What a model file says: the tree of layers, each with its keys, shapes and parameters, the losses, and the zoo. It
// describes and decides nothing; the values that layers come down to are those of Operators, whose YAML stands here.

package import Operators
package import StrictYAML

/// A whole network as plain data: what goes in, and the tree of layers.
package struct NetworkDescription: Hashable, Sendable {
  /// The name that runs, messages and files use.
  package var name: String
  /// The shape of one image.
  package var input: Shape
  /// The layers from the image to the logits.
  package var layers: [Module]

  /// A network of the given layers.
  package init(name: String, input: Shape, layers: [Module]) {
    self.name = name
    self.input = input
    self.layers = layers
  }

  /// Reads a model file.
  ///
  /// - Throws: `YAMLError` with file, line and remedy.
  package init(parsing text: String, source: String, name: String) throws(YAMLError) {
    let cursor = YAMLCursor(try YAMLTree(parsing: text, source: source), source: source)
    let file = try ModelFile(yaml: cursor)
    self.init(name: name, input: file.input, layers: file.layers)
  }

  /// The text of the model file that describes this network, as a person would write it.
  package var fileText: String { text(.brief) }

  /// The text that stands for this network in a run's identity: a model file with every key of every layer, so that it
  /// means the same whatever the defaults become.
  package var canonicalText: String { text(.full) }

  private func text(_ detail: YAMLDetail) -> String {
    var file = ModelFile()
    file.input = input
    file.layers = layers
    return file.yaml(detail).text
  }
}

/// The keys of a model file.
private struct ModelFile: ModelRecord {
  var input = Shape(features: 1)
  var layers: [Module] = []

  static let fields: [Field<Self>] = [
    Field("input", \.input, "shape of one image", required: true),
    Field(
      "layers", \.layers, "the layers, first to last", required: true,
      check: { $0.isEmpty ? "needs at least one layer" : nil }),
  ]
}

/// Why a network cannot be built: the layer's path, both shapes, and the remedy, in one sentence.
package struct NetworkError: Error, CustomStringConvertible, Equatable {
  package let description: String

  /// An error with the given sentence.
  package init(_ description: String) { self.description = description }
}
