package import Operators
package import StrictYAML

/// An auxiliary head: layers of its own that see the value at this place, with a loss of their own that is added to
/// that of the network's output. The value itself passes on unchanged. In evaluation heads are left out.
///
/// Source: Szegedy et al., "Going deeper with convolutions", 2014, section 5 (auxiliary classifiers of weight 0.3).
package struct Head: ModelRecord {
  /// The factor of the head's loss.
  package var weight = 0.3
  /// The head's loss; nil for that of the network's output.
  package var loss: Loss?
  /// The layers from the value at this place to the head's output.
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
