package import Operators
package import StrictYAML

/// A layer that normalises the elements of each sample in groups, the same in training and evaluation.
package protocol GroupedNormalizationLayer: LayerDescription {
  /// Added to the variance.
  var epsilon: Double { get }
  /// Which elements share a mean.
  func groups(for input: Shape) -> NormalizationGroups
}

extension GroupedNormalizationLayer {
  /// Checks that a mean is taken over more than one element: one alone is normalised to zero, whatever it is.
  func checkedOutput(for input: Shape) throws(ShapeProblem) -> Shape {
    guard groups(for: input).groupCount > 1 else {
      throw ShapeProblem(
        "it normalises single elements of its input \(input), which makes zeros of all; it needs at least two elements "
          + "that share a mean")
    }
    return input
  }
}

/// Normalization of each sample over groups of channels and all positions.
package struct GroupNormalizationLayer: GroupedNormalizationLayer {
  /// Groups of channels.
  package var groups = 1
  /// Added to the variance.
  package var epsilon = 1e-5
  /// Whether to scale and shift each channel.
  package var affine = true
  /// What the scale starts at.
  package var initialScale: Float = 1

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("groups", \.groups, "groups of channels", required: true, check: Limits.width),
    NormalizationFields.epsilon(\.epsilon),
    NormalizationFields.affine(\.affine),
    NormalizationFields.initialScale(\.initialScale),
  ]

  package static let notes = LayerNotes(
    formula:
      "y = weight·(x − mean)/√(variance + epsilon) + bias, mean and variance over C/groups channels and all positions "
      + "of a sample",
    parameters: "weight [C], bias [C]", work: "about 8 · C·H·W",
    source: "Wu and He, \"Group normalization\", 2018, eq. 1 and 7")

  package func groups(for input: Shape) -> NormalizationGroups {
    NormalizationGroups(positions: input.positions, channels: input.channels, groups: groups)
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    guard input.channels % groups == 0 else {
      throw ShapeProblem("\(groups) groups do not divide the \(input.channels) channels of its input \(input)")
    }
    return try checkedOutput(for: input)
  }

  package func parameters(for input: Shape) -> [ParameterDescription] {
    affine ? scaleAndShift(input.channels, initialScale: initialScale) : []
  }
}

/// Normalization of each channel of each sample over its positions.
package struct InstanceNormalizationLayer: GroupedNormalizationLayer {
  /// Added to the variance.
  package var epsilon = 1e-5
  /// Whether to scale and shift each channel.
  package var affine = false

  package init() {}

  package static let fields: [Field<Self>] = [
    NormalizationFields.epsilon(\.epsilon), NormalizationFields.affine(\.affine),
  ]

  package static let notes = LayerNotes(
    formula:
      "y = weight·(x − mean)/√(variance + epsilon) + bias, mean and variance of each channel over the positions of a "
      + "sample",
    parameters: "with affine: weight [C], bias [C]", work: "about 8 · C·H·W",
    source: "Ulyanov, Vedaldi and Lempitsky, \"Instance normalization\", 2016, eq. 2")

  package func groups(for input: Shape) -> NormalizationGroups {
    NormalizationGroups(positions: input.positions, channels: input.channels, groups: input.channels)
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape { try checkedOutput(for: input) }

  package func parameters(for input: Shape) -> [ParameterDescription] { affine ? scaleAndShift(input.channels) : [] }
}

/// Normalization of each position of each sample over its channels.
package struct LayerNormalizationLayer: GroupedNormalizationLayer {
  /// Added to the variance.
  package var epsilon = 1e-5
  /// Whether to scale and shift each channel.
  package var affine = true

  package init() {}

  package static let fields: [Field<Self>] = [
    NormalizationFields.epsilon(\.epsilon), NormalizationFields.affine(\.affine),
  ]

  package static let notes = LayerNotes(
    formula:
      "y = weight·(x − mean)/√(variance + epsilon) + bias, mean and variance over the channels at each position",
    parameters: "weight [C], bias [C]", work: "about 8 · C·H·W",
    source:
      "Ba, Kiros and Hinton, \"Layer normalization\", 2016, eq. 3; over channels: Liu et al., \"A ConvNet for the "
      + "2020s\", 2022, section 2.6")

  package func groups(for input: Shape) -> NormalizationGroups {
    NormalizationGroups(blocks: input.positions, positions: 1, channels: input.channels, groups: 1)
  }

  package func output(for input: Shape) throws(ShapeProblem) -> Shape { try checkedOutput(for: input) }

  package func parameters(for input: Shape) -> [ParameterDescription] { affine ? scaleAndShift(input.channels) : [] }
}
