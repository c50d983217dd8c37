package import Operators
package import StrictYAML

extension TripletLoss: LossDescription {
  package static let formula =
    "ℓ of an anchor a = mean of max(0, ‖a − p‖² − ‖a − n‖² + margin) over all p of its label and n of another "
    + "one in its micro-batch; 0 without such a pair"
  package static let source =
    "Schroff, Kalenichenko and Philbin, \"FaceNet\", 2015, eq. 1; Liquet, Moka and Nazarathy, \"Mathematical "
    + "engineering of deep learning\", 2024, eq. 6.27"

  package static let fields: [Field<Self>] = [marginField(\.margin, "by how much the squared distances are to differ")]

  package func problem(with output: Shape) -> String? { embeddingProblem("triplet", output) }
}

extension ContrastiveLoss: LossDescription {
  package static let formula =
    "ℓ = mean over the other samples of the micro-batch of ½·D² for the same label, else ½·max(0, margin − "
    + "D)², D being the Euclidean distance"
  package static let source =
    "Hadsell, Chopra and LeCun, \"Dimensionality reduction by learning an invariant mapping\", 2006, eq. 4"

  package static let fields: [Field<Self>] = [
    marginField(\.margin, "distance beyond which other classes do not matter")
  ]

  package func problem(with output: Shape) -> String? { embeddingProblem("contrastive", output) }
}

extension CosineLoss: LossDescription {
  package static let formula =
    "ℓ = mean over the other samples of the micro-batch of 1 − cos for the same label, else max(0, cos − "
    + "margin)"
  package static let source = "PyTorch's CosineEmbeddingLoss, over all pairs"

  package static let fields: [Field<Self>] = [
    Field(
      "margin", \.margin, "cosine below which other classes do not matter",
      check: { (-1...1).contains($0) ? nil : "must be from -1 to 1" })
  ]

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
