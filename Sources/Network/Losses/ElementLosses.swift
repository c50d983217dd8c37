package import Operators
package import StrictYAML

extension CrossEntropyLoss: LossDescription {
  package static let formula =
    "ℓ = mean over positions of −Σ w[c]·t'[c]·log p[c], p = softmax(x), t' = (1 − label-smoothing)·t + "
    + "label-smoothing/K; with class-weights w still divided by the number of samples, so that ℓ does not "
    + "depend on which samples share a batch"
  package static let source =
    "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, eq. 6.29 and 6.30; Szegedy et al., "
    + "\"Rethinking the inception architecture\", 2016, section 7"

  package static let fields: [Field<Self>] = [
    Field(
      "label-smoothing", \.labelSmoothing, "part of the target that is spread over all classes",
      check: { (0..<1).contains($0) ? nil : "must be at least 0 and below 1" }),
    Field("targets", \.targets, "class labels, or a distribution over the classes"),
    Field(
      "class-weights", \.classWeights, "weight of each class (all 1 if empty)",
      check: { $0.allSatisfy { $0 >= 0 } ? nil : "must all be at least 0" }),
  ]

  package func problem(with output: Shape) -> String? {
    if output.channels < 2 {
      return "cross-entropy needs at least 2 classes, and its input is \(output); end with 'dense'"
    }
    guard !classWeights.isEmpty, classWeights.count != output.channels else { return nil }
    return
      "cross-entropy has \(classWeights.count) class-weights for the \(output.channels) classes of its input \(output)"
  }
}

extension MeanSquaredErrorLoss: LossDescription {
  package static let formula = "ℓ = mean over the elements of (x − t)²"
  package static let source = "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, eq. 5.4"

  package static let fields: [Field<Self>] = [targetsField(\.targets)]
}

extension SmoothL1Loss: LossDescription {
  package static let formula =
    "ℓ = mean over the elements of ½·d²/beta where |d| < beta, else |d| − beta/2, with d = x − t"
  package static let source = "Girshick, \"Fast R-CNN\", 2015, eq. 3"

  package static let fields: [Field<Self>] = [
    Field("beta", \.beta, "distance at which the square ends", check: Limits.positive),
    targetsField(\.targets),
  ]
}

extension BinaryCrossEntropyLoss: LossDescription {
  package static let formula =
    "ℓ = mean over the elements of −(t·log σ(x) + (1 − t)·log(1 − σ(x))): x are logits"
  package static let source = "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, section 6.2.2.2"

  package static let fields: [Field<Self>] = [targetsField(\.targets)]
}

extension LocalizationLoss: LossDescription {
  package static let formula =
    "ℓ = Σ (x − t)² for samples whose label is not background, else 0; as the loss of a head of weight γ: "
    + "classification + γ·(1 − y₁)·localization"
  package static let source =
    "Sermanet et al., \"OverFeat\", 2013, section 4.2; Liquet, Moka and Nazarathy, \"Mathematical engineering "
    + "of deep learning\", 2024, section 6.5"

  package static let fields: [Field<Self>] = [
    Field(
      "background", \.background, "label of samples without an object",
      check: { (0...65_535).contains($0) ? nil : "must be from 0 to 65535" })
  ]

  package func problem(with output: Shape) -> String? {
    output.isVector ? nil : "localization needs a vector, and its input is \(output); put 'flatten' before it"
  }
}

private func targetsField<Record: YAMLRecord>(
  _ path: any WritableKeyPath<Record, LossTargets> & Sendable
) -> Field<Record> {
  Field("targets", path, "class labels, or values of the shape of the output")
}
