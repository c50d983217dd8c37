package import StrictYAML

/// ℓ of an anchor a = mean of max(0, ‖a − p‖² − ‖a − n‖² + margin) over all pairs (p, n) of its micro-batch in which p
/// has the anchor's label and n has not; 0 for an anchor without such a pair.
///
/// Source: Schroff, Kalenichenko and Philbin, "FaceNet", 2015, eq. 1; Liquet, Moka and Nazarathy, "Mathematical
/// engineering of deep learning", 2024, eq. 6.27.
package struct TripletLoss: LossDescription {
  package static let formula =
    "ℓ of an anchor a = mean of max(0, ‖a − p‖² − ‖a − n‖² + margin) over all p of its label and n of another "
    + "one in its micro-batch; 0 without such a pair"
  package static let source =
    "Schroff, Kalenichenko and Philbin, \"FaceNet\", 2015, eq. 1; Liquet, Moka and Nazarathy, \"Mathematical "
    + "engineering of deep learning\", 2024, eq. 6.27"

  /// By how much the squared distances are to differ.
  package var margin = 1.0

  package init() {}
  package static let fields: [Field<Self>] = [marginField(\.margin, "by how much the squared distances are to differ")]

  package var targets: LossTargets { .labels }
  package var comparesSamples: Bool { true }
  package func problem(with output: Shape) -> String? { embeddingProblem("triplet", output) }
}

/// ℓ of a sample = mean over the other samples of its micro-batch of ½·D² for the same label and
/// ½·max(0, margin − D)² for another one, D being the Euclidean distance.
///
/// Source: Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an invariant mapping", 2006, eq. 4.
package struct ContrastiveLoss: LossDescription {
  package static let formula =
    "ℓ = mean over the other samples of the micro-batch of ½·D² for the same label, else ½·max(0, margin − "
    + "D)², D being the Euclidean distance"
  package static let source =
    "Hadsell, Chopra and LeCun, \"Dimensionality reduction by learning an invariant mapping\", 2006, eq. 4"

  /// The distance beyond which other classes do not matter.
  package var margin = 1.0

  package init() {}
  package static let fields: [Field<Self>] = [
    marginField(\.margin, "distance beyond which other classes do not matter")
  ]

  package var targets: LossTargets { .labels }
  package var comparesSamples: Bool { true }
  package func problem(with output: Shape) -> String? { embeddingProblem("contrastive", output) }
}

/// ℓ of a sample = mean over the other samples of its micro-batch of 1 − cos for the same label and
/// max(0, cos − margin) for another one.
///
/// Source: PyTorch's `CosineEmbeddingLoss`, over all pairs.
package struct CosineLoss: LossDescription {
  package static let formula =
    "ℓ = mean over the other samples of the micro-batch of 1 − cos for the same label, else max(0, cos − "
    + "margin)"
  package static let source = "PyTorch's CosineEmbeddingLoss, over all pairs"

  /// The cosine below which other classes do not matter.
  package var margin = 0.0

  package init() {}
  package static let fields: [Field<Self>] = [
    Field(
      "margin", \.margin, "cosine below which other classes do not matter",
      check: { (-1...1).contains($0) ? nil : "must be from -1 to 1" })
  ]

  package var targets: LossTargets { .labels }
  package var comparesSamples: Bool { true }
  package func problem(with output: Shape) -> String? { embeddingProblem("cosine", output) }
}

private func marginField<Record: YAMLRecord>(
  _ path: any WritableKeyPath<Record, Double> & Sendable, _ summary: String
) -> Field<Record> {
  Field("margin", path, summary, check: Limits.positive)
}

private func embeddingProblem(_ name: String, _ output: Shape) -> String? {
  output.isVector ? nil : "\(name) compares vectors, and its input is \(output); put 'flatten' before it"
}
