package import Network
package import Operators
package import StrictYAML

/// The model of a run.
package enum ModelChoice: YAMLValue, Hashable {
  /// A built-in model.
  case zoo(String)
  /// A model file.
  case file(String)
  /// The model itself: what runs and checkpoints keep.
  case inline(InlineModel)

  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    if case .scalar(let name, _) = cursor.tree.content {
      self = .zoo(name)
    } else if cursor.tree[key: "layers"] != nil {
      self = .inline(try InlineModel(yaml: cursor))
    } else {
      self = .file(try ModelFileReference(yaml: cursor).file)
    }
  }

  package var yaml: YAMLTree { yaml(.brief) }

  package func yaml(_ detail: YAMLDetail) -> YAMLTree {
    switch self {
    case .zoo(let name): name.yaml
    case .file(let path): .mapping([YAMLTree.Entry("file", path.yaml)])
    case .inline(let model): model.yaml(detail)
    }
  }

  package static var yamlForm: String { "name | {file: path} | {name, from, input, layers}" }

  /// The short name, for directories and messages.
  package var name: String {
    switch self {
    case .zoo(let name): name
    case .file(let path): Self.name(ofFile: path)
    case .inline(let model): model.name
    }
  }

  /// The name of the model in the file at `path`: the file's, without its ending.
  package static func name(ofFile path: String) -> String {
    path.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? path
  }
}

private struct ModelFileReference: YAMLRecord {
  var file = ""
  static let fields: [Field<Self>] = [Field("file", \.file, "path of a model file", required: true)]
}

/// A model written out within a configuration.
package struct InlineModel: YAMLRecord {
  /// The name that runs, messages and files use.
  package var name = "model"
  /// Where the model came from: a zoo name or the path of a model file; for people, and to see whether that has
  /// changed.
  package var origin: String?
  /// The shape of one image.
  package var input = Shape(features: 1)
  /// The layers from the image to the logits.
  package var layers: [Module] = []

  package init() {}

  /// The network, with where it came from.
  package init(_ network: NetworkDescription, origin: String?) {
    name = network.name
    input = network.input
    layers = network.layers
    self.origin = origin
  }

  package static let fields: [Field<Self>] = [
    Field("name", \.name, "name that runs and messages use"),
    Field("from", \.origin, "zoo name or file that it came from"),
    Field("input", \.input, "shape of one image", required: true),
    Field(
      "layers", \.layers, "the layers, first to last", required: true,
      check: { $0.isEmpty ? "needs at least one layer" : nil }),
  ]

  /// The network.
  package var network: NetworkDescription { NetworkDescription(name: name, input: input, layers: layers) }
}
