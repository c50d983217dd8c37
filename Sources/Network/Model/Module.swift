package import Operators
package import StrictYAML

/// A node of the model tree: a layer, a sequence of nodes, branches that see the same input and are merged, or an
/// auxiliary head.
///
/// Residual blocks (add), inception modules and dense blocks (concat) and gates (multiply) are all one form. The names
/// along the path from the root, joined with dots, are the names of the parameters; an empty name leaves no trace in
/// the path.
package struct Module: Hashable, Sendable {
  /// What the node is made of.
  package indirect enum Body: Hashable, Sendable {
    /// A leaf.
    case layer(Layer)
    /// Nodes one after the other.
    case sequential([Module])
    /// Nodes that see the same input, and how their outputs become one.
    case branches(Merge, [Module])
    /// Layers with a loss of their own, beside the main path.
    case head(Head)
  }

  /// How the outputs of branches become one.
  package enum Merge: String, Hashable, Sendable, CaseIterable {
    /// Their sum; all shapes equal. Source: He et al., "Deep residual learning for image recognition", 2015, eq. 1.
    case add
    /// One after the other along the channels; heights and widths equal. Source: Szegedy et al., "Going deeper with
    /// convolutions", 2014, section 4.
    case concat
    /// Their product; shapes equal, or 1 × 1 in space: one factor for each channel. Source: Hu, Shen and Sun,
    /// "Squeeze-and-excitation networks", 2017, eq. 4.
    case multiply
  }

  /// The node's part of the path; nil stands for its index among its siblings.
  package var name: String?
  /// What the node is made of.
  package var body: Body

  /// A node with an explicit body.
  package init(name: String? = nil, _ body: Body) {
    self.name = name
    self.body = body
  }

  /// A leaf.
  package static func layer(_ layer: Layer, name: String? = nil) -> Module { Module(name: name, .layer(layer)) }

  /// Nodes one after the other.
  package static func sequential(_ nodes: [Module], name: String? = nil) -> Module {
    Module(name: name, .sequential(nodes))
  }

  /// Branches over one input.
  package static func branches(_ merge: Merge, _ nodes: [Module], name: String? = nil) -> Module {
    Module(name: name, .branches(merge, nodes))
  }

  /// `path` extended by this node's name, `index` counting its siblings from zero.
  package func path(below path: String, index: Int) -> String {
    let own = name ?? String(index)
    if own.isEmpty { return path }
    return path.isEmpty ? own : "\(path).\(own)"
  }
}

/// The leaves that networks written in Swift are made of, such as `.convolution("conv1", 64, 3, stride: 2)`. A name of
/// nil stands for the leaf's index among its siblings.
extension Module {
  /// A convolution with square kernels of `kernel` × `kernel`.
  static func convolution(
    _ name: String?, _ channels: Int, _ kernel: Int, stride: Int = 1, padding: Int = 0,
    groups: ChannelGroups = .count(1), bias: Bool = true, initial: WeightInitializer = .pytorch
  ) -> Module {
    var layer = ConvolutionLayer(
      channels, kernel: kernel, stride: stride, padding: padding, bias: bias, initial: initial)
    layer.groups = groups
    return .layer(.convolution(layer), name: name)
  }

  /// A fully connected layer with `features` outputs.
  static func dense(_ name: String?, _ features: Int, initial: WeightInitializer = .pytorch) -> Module {
    .layer(.dense(DenseLayer(features, initial: initial)), name: name)
  }

  /// Batch normalization with scale and shift.
  static func batchNormalization(_ name: String?) -> Module {
    .layer(.batchNormalization(BatchNormalizationLayer()), name: name)
  }

  /// The activation max(0, x).
  static func relu(_ name: String?) -> Module { .layer(.activation(.relu), name: name) }

  /// The largest values of windows, side by side unless a stride is given.
  static func maxPooling(_ name: String?, _ kernel: Int, stride: Int? = nil, padding: Int = 0) -> Module {
    .layer(.maxPooling(MaxPoolingLayer(kernel, stride: stride, padding: padding)), name: name)
  }

  /// The mean of each channel, as a vector.
  static func globalAveragePooling(_ name: String?) -> Module {
    .layer(.globalAveragePooling(GlobalAveragePoolingLayer()), name: name)
  }

  /// Means over `size` × `size` windows, whatever the size of the input.
  static func adaptiveAveragePooling(_ name: String?, _ size: Int) -> Module {
    var layer = AdaptiveAveragePoolingLayer()
    layer.size = Extent(size)
    return .layer(.adaptiveAveragePooling(layer), name: name)
  }

  /// The input as a vector.
  static func flatten(_ name: String?) -> Module { .layer(.flatten(FlattenLayer()), name: name) }

  /// Dropout of single elements.
  static func dropout(_ name: String?, _ rate: Double) -> Module {
    .layer(.dropout(DropoutLayer(rate)), name: name)
  }

  /// The input as it is: the branch of a residual block that does nothing.
  static func identity(_ name: String?) -> Module { .layer(.identity(IdentityLayer()), name: name) }
}

/// An auxiliary head: layers of its own that see the value at this point, with a loss of their own that is added to
/// that of the network's output. The value itself passes on unchanged. In evaluation heads are left out.
///
/// Source: Szegedy et al., "Going deeper with convolutions", 2014, section 5 (auxiliary classifiers of weight 0.3).
package struct Head: ModelRecord {
  /// The factor of the head's loss.
  package var weight = 0.3
  /// The head's loss; nil for that of the network's output.
  package var loss: Loss?
  /// The layers from the value at this point to the head's output.
  package var layers: [Module] = []

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("weight", \.weight, "factor of the head's loss", check: Limits.factor),
    Field("loss", \.loss, "the head's loss (that of the network's output if not given)"),
    Field(
      "layers", \.layers, "the head's layers, first to last", required: true,
      check: { $0.isEmpty ? "needs at least one layer" : nil }),
  ]
}
