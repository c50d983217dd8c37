/// A node of the model tree: a layer, a sequence of nodes, branches that see the same input and are merged, or an
/// auxiliary head.
///
/// Residual blocks (add), inception modules and dense blocks (concat) and gates (multiply) are all one form. The names along the path
/// from the root, joined with dots, are the names of the parameters; an empty name leaves no trace in the path.
package struct Module: Hashable, Sendable {
  /// What the node is made of.
  package indirect enum Body: Hashable, Sendable {
    /// A leaf.
    case layer(Layer)
    /// Nodes one after the other.
    case sequential([Module])
    /// Nodes that see the same input, and how their outputs become one.
    case branches(Merge, [Module])
    /// Layers with a loss of their own, beside the way of the value.
    case head(Head)
  }

  /// How the outputs of branches become one.
  package enum Merge: String, Hashable, Sendable, CaseIterable {
    /// Their sum; all shapes equal. Source: He et al., "Deep residual learning for image recognition", 2015, eq. 1.
    case add
    /// One behind the other along the channels; heights and widths equal. Source: Szegedy et al., "Going deeper with
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

  /// `path` extended by this node's name, `index` being its place among its siblings.
  package func path(below path: String, index: Int) -> String {
    let own = name ?? String(index)
    if own.isEmpty { return path }
    return path.isEmpty ? own : "\(path).\(own)"
  }
}
