package import StrictYAML

/// Softmax over the channels and negative log-likelihood: ℓ = mean over positions of −Σ w_c·t'_c·log p_c with
/// p = softmax(x) and t' = (1 − ε)·t + ε/K.
///
/// With class weights the sum is divided by the number of samples, not by the sum of their weights, so that it does not
/// depend on which samples share a global batch. Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016,
/// eq. 6.29 and 6.30; label smoothing: Szegedy et al., "Rethinking the inception architecture for computer vision",
/// 2016, section 7.
package struct CrossEntropyLoss: LossDescription {
  package static let formula =
    "ℓ = mean over positions of −Σ w[c]·t'[c]·log p[c], p = softmax(x), t' = (1 − label-smoothing)·t + "
    + "label-smoothing/K; with class-weights w still divided by the number of samples, so that ℓ does not "
    + "depend on which samples share a batch"
  package static let source =
    "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, eq. 6.29 and 6.30; Szegedy et al., "
    + "\"Rethinking the inception architecture\", 2016, section 7"

  /// Part of the target that is spread over all classes (ε).
  package var labelSmoothing = 0.0
  /// Labels, or a distribution over the classes.
  package var targets = LossTargets.labels
  /// The weight of each class (w); none for weights of 1.
  package var classWeights: [Float] = []

  package init() {}

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

/// ℓ = mean over the elements of (x − t)².
///
/// Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, eq. 5.4.
package struct MeanSquaredErrorLoss: LossDescription {
  package static let formula = "ℓ = mean over the elements of (x − t)²"
  package static let source = "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, eq. 5.4"

  /// Labels (1 for the class, 0 for all others) or values.
  package var targets = LossTargets.labels

  package init() {}

  /// With the given targets.
  package init(targets: LossTargets) { self.targets = targets }

  package static let fields: [Field<Self>] = [targetsField(\.targets)]
}

/// ℓ = mean over the elements of ½·d²/β where |d| < β, else |d| − β/2, with d = x − t.
///
/// Source: Girshick, "Fast R-CNN", 2015, eq. 3 (β = 1).
package struct SmoothL1Loss: LossDescription {
  package static let formula =
    "ℓ = mean over the elements of ½·d²/beta where |d| < beta, else |d| − beta/2, with d = x − t"
  package static let source = "Girshick, \"Fast R-CNN\", 2015, eq. 3"

  /// The distance at which the square ends (β).
  package var beta = 1.0
  /// Labels (1 for the class, 0 for all others) or values.
  package var targets = LossTargets.labels

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("beta", \.beta, "distance at which the square ends", check: Limits.positive),
    targetsField(\.targets),
  ]
}

/// ℓ = mean over the elements of −(t·log σ(x) + (1 − t)·log(1 − σ(x))): x are logits.
///
/// Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.2.
package struct BinaryCrossEntropyLoss: LossDescription {
  package static let formula =
    "ℓ = mean over the elements of −(t·log σ(x) + (1 − t)·log(1 − σ(x))): x are logits"
  package static let source = "Goodfellow, Bengio and Courville, \"Deep Learning\", 2016, section 6.2.2.2"

  /// Labels (1 for the class, 0 for all others) or values.
  package var targets = LossTargets.labels

  package init() {}

  package static let fields: [Field<Self>] = [targetsField(\.targets)]
}

/// ℓ = Σ (x − t)² for samples that show an object, 0 for those whose label is the background.
///
/// As the loss of a head of weight γ beside a classification it gives classification + γ·(1 − y₁)·localization, y₁ being
/// 1 where there is only background. Source: Sermanet et al., "OverFeat", 2013, section 4.2; Liquet, Moka and Nazarathy,
/// "Mathematical engineering of deep learning", 2024, section 6.5.
package struct LocalizationLoss: LossDescription {
  package static let formula =
    "ℓ = Σ (x − t)² for samples whose label is not background, else 0; as the loss of a head of weight γ: "
    + "classification + γ·(1 − y₁)·localization"
  package static let source =
    "Sermanet et al., \"OverFeat\", 2013, section 4.2; Liquet, Moka and Nazarathy, \"Mathematical engineering "
    + "of deep learning\", 2024, section 6.5"

  /// The label of samples without an object.
  package var background = 0

  package init() {}

  package static let fields: [Field<Self>] = [
    Field(
      "background", \.background, "label of samples without an object",
      check: { (0...65_535).contains($0) ? nil : "must be from 0 to 65535" })
  ]

  package var targets: LossTargets { .values }

  package func problem(with output: Shape) -> String? {
    output.isVector ? nil : "localization needs a vector, and its input is \(output); put 'flatten' before it"
  }
}

private func targetsField<Record: YAMLRecord>(
  _ path: any WritableKeyPath<Record, LossTargets> & Sendable
) -> Field<Record> {
  Field("targets", path, "class labels, or values of the shape of the output")
}
