package import Operators

/// One term of the loss: that of the network's output, or of an auxiliary head.
package struct LossTerm: Hashable, Sendable {
  /// What is computed.
  package var loss: Loss
  /// The shape of one sample of the output that the loss sees.
  package var output: Shape
  /// The factor of the term.
  package var weight: Float
  /// Whether the output is the network's; else it is a head's.
  package var isMain: Bool
  /// The index of its dense targets in the program's list; nil if it reads none.
  package var targets: Int?
}

/// Dense targets that a program reads beside the labels.
package struct TargetValues: Hashable, Sendable {
  /// "targets" for the network's output, "targets.aux" for those of the head `aux`.
  package var name: String
  /// The shape of one sample.
  package var shape: Shape
}

/// What a batch normalization does with its result before it goes to memory.
package struct NormalizationTail: Hashable, Sendable {
  /// Whether the instruction's second read is added.
  package var addsResidual = false
  /// Whether the larger of that and zero is taken.
  package var relu = false

  /// What is done on the way, for tables.
  var name: String { (addsResidual ? " + add" : "") + (relu ? " + relu" : "") }
}

/// One pass of a convolution, and how it is computed.
package struct ConvolutionWork: Hashable, Sendable {
  /// Which of the three passes.
  package var pass: ConvolutionPass
  /// The convolution.
  package var geometry: ConvolutionGeometry
  /// How it is computed.
  package var algorithm: ConvolutionAlgorithm
}
