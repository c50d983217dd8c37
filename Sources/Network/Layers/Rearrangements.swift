package import Operators
package import StrictYAML

/// Turns an image into a vector, channel first: the order of everybody's weights.
package struct FlattenLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []

  package static let notes = LayerNotes(
    formula: "y[(c·H + i)·W + j] = x[c, i, j]", shapes: "C×H×W → C·H·W", work: "none",
    source: "PyTorch's Flatten")

  package func output(for input: Shape) -> Shape { Shape(features: input.count) }
}

/// Passes its input on: the shortcut of a residual block.
package struct IdentityLayer: LayerDescription {
  package init() {}
  package static let fields: [Field<Self>] = []

  package static let notes = LayerNotes(
    formula: "y = x", work: "none",
    source: "He et al., \"Identity mappings in deep residual networks\", 2016, eq. 1")
}

/// Gives the same values another shape, in channel-first order.
package struct ReshapeLayer: LayerDescription {
  /// The new shape.
  package var shape = Shape(features: 1)

  package init() {}
  package static let fields: [Field<Self>] = [Field("shape", \.shape, "the new shape", required: true)]

  package static let notes = LayerNotes(
    formula: "y[n] = x[n], both in the order (c·H + i)·W + j", shapes: "C×H×W → shape, of as many elements",
    work: "none", source: "PyTorch's view")

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    guard shape.count == input.count else {
      throw ShapeProblem(
        "\(shape) has \(shape.count) elements and its input \(input) has \(input.count); they must be as many")
    }
    return shape
  }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? { nil }
}

/// Exchanges channels between groups, so that the next grouped convolution sees them all.
package struct ChannelShuffleLayer: LayerDescription {
  /// Groups of channels.
  package var groups = 1

  package init() {}
  package static let fields: [Field<Self>] = [
    Field("groups", \.groups, "groups of channels", required: true, check: Limits.width)
  ]

  package static let notes = LayerNotes(
    formula: "y[n·groups + g] = x[g·C/groups + n]", work: "none",
    source: "Zhang et al., \"ShuffleNet\", 2017, section 3.1")

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    guard input.channels % groups == 0 else {
      throw ShapeProblem("\(groups) groups do not divide the \(input.channels) channels of its input \(input)")
    }
    return input
  }
}
