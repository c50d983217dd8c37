/// What a network's output, or that of an auxiliary head, is trained to make small: ℓ of one sample. The loss of a step
/// is the mean of ℓ over the samples of the global batch.
package enum Loss: Hashable, Sendable {
  case crossEntropy(CrossEntropyLoss)
  case meanSquaredError(MeanSquaredErrorLoss)
  case smoothL1(SmoothL1Loss)
  case binaryCrossEntropy(BinaryCrossEntropyLoss)
  case localization(LocalizationLoss)
  case triplet(TripletLoss)
  case contrastive(ContrastiveLoss)
  case cosine(CosineLoss)

  /// Where the targets come from.
  package var targets: LossTargets {
    switch self {
    case .crossEntropy(let loss): loss.targets
    case .meanSquaredError(let loss): loss.targets
    case .smoothL1(let loss): loss.targets
    case .binaryCrossEntropy(let loss): loss.targets
    case .localization: .values
    case .triplet, .contrastive, .cosine: .labels
    }
  }

  /// Whether ℓ of a sample depends on the other samples of its micro-batch.
  package var comparesSamples: Bool {
    switch self {
    case .triplet, .contrastive, .cosine: true
    case .crossEntropy, .meanSquaredError, .smoothL1, .binaryCrossEntropy, .localization: false
    }
  }

  /// Whether the loss reads dense target values of the shape of its output.
  package var readsValues: Bool { targets == .values }

  /// Whether the loss reads labels.
  package var readsLabels: Bool {
    if case .localization = self { true } else { targets == .labels }
  }

  /// Whether a label picks a channel of the output: at each position where the output is an image, so that there must
  /// be one label for each position instead of one for each sample.
  package var picksChannelByLabel: Bool { targets == .labels && !comparesSamples }
}

/// Where the targets of a loss come from.
package enum LossTargets: String, CaseIterable, Sendable {
  /// Classes: of a sample, or of each position where the output is an image. Where values are needed, 1 for the class
  /// and 0 for all others.
  case labels
  /// Values, as many as the output has.
  case values
}

/// Softmax over the channels and negative log-likelihood: ℓ = mean over positions of −Σ w_c·t'_c·log p_c with
/// p = softmax(x) and t' = (1 − ε)·t + ε/K.
///
/// With class weights the sum is divided by the number of samples, not by the sum of their weights, so that it does not
/// depend on which samples share a global batch. Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016,
/// eq. 6.29 and 6.30; label smoothing: Szegedy et al., "Rethinking the inception architecture for computer vision",
/// 2016, section 7.
package struct CrossEntropyLoss: Hashable, Sendable {
  /// Part of the target that is spread over all classes (ε).
  package var labelSmoothing = 0.0
  /// Labels, or a distribution over the classes.
  package var targets = LossTargets.labels
  /// The weight of each class (w); none for weights of 1.
  package var classWeights: [Float] = []

  /// On labels, without smoothing or class weights.
  package init() {}
}

/// ℓ = mean over the elements of (x − t)².
///
/// Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, eq. 5.4.
package struct MeanSquaredErrorLoss: Hashable, Sendable {
  /// Labels (1 for the class, 0 for all others) or values.
  package var targets = LossTargets.labels

  /// On labels.
  package init() {}

  /// With the given targets.
  package init(targets: LossTargets) { self.targets = targets }
}

/// ℓ = mean over the elements of ½·d²/β where |d| < β, else |d| − β/2, with d = x − t.
///
/// Source: Girshick, "Fast R-CNN", 2015, eq. 3 (β = 1).
package struct SmoothL1Loss: Hashable, Sendable {
  /// The distance at which the square ends (β).
  package var beta = 1.0
  /// Labels (1 for the class, 0 for all others) or values.
  package var targets = LossTargets.labels

  /// On labels, with β = 1.
  package init() {}
}

/// ℓ = mean over the elements of −(t·log σ(x) + (1 − t)·log(1 − σ(x))): x are logits.
///
/// Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.2.
package struct BinaryCrossEntropyLoss: Hashable, Sendable {
  /// Labels (1 for the class, 0 for all others) or values.
  package var targets = LossTargets.labels

  /// On labels.
  package init() {}
}

/// ℓ = Σ (x − t)² for samples that show an object, 0 for those whose label is the background.
///
/// As the loss of a head of weight γ beside a classification it gives classification + γ·(1 − y₁)·localization, y₁
/// being 1 where there is only background. Source: Sermanet et al., "OverFeat", 2013, section 4.2; Liquet, Moka and
/// Nazarathy, "Mathematical engineering of deep learning", 2024, section 6.5.
package struct LocalizationLoss: Hashable, Sendable {
  /// The label of samples without an object.
  package var background = 0

  /// With label 0 for the background.
  package init() {}
}

/// ℓ of an anchor a = mean of max(0, ‖a − p‖² − ‖a − n‖² + margin) over all pairs (p, n) of its micro-batch in which p
/// has the anchor's label and n has not; 0 for an anchor without such a pair.
///
/// Source: Schroff, Kalenichenko and Philbin, "FaceNet", 2015, eq. 1; Liquet, Moka and Nazarathy, "Mathematical
/// engineering of deep learning", 2024, eq. 6.27.
package struct TripletLoss: Hashable, Sendable {
  /// By how much the squared distances are to differ.
  package var margin = 1.0

  /// With a margin of 1.
  package init() {}
}

/// ℓ of a sample = mean over the other samples of its micro-batch of ½·D² for the same label and
/// ½·max(0, margin − D)² for another one, D being the Euclidean distance.
///
/// Source: Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an invariant mapping", 2006, eq. 4.
package struct ContrastiveLoss: Hashable, Sendable {
  /// The distance beyond which other classes do not matter.
  package var margin = 1.0

  /// With a margin of 1.
  package init() {}
}

/// ℓ of a sample = mean over the other samples of its micro-batch of 1 − cos for the same label and
/// max(0, cos − margin) for another one.
///
/// Source: PyTorch's `CosineEmbeddingLoss`, over all pairs.
package struct CosineLoss: Hashable, Sendable {
  /// The cosine below which other classes do not matter.
  package var margin = 0.0

  /// With a margin of 0.
  package init() {}
}
