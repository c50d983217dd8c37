package import StrictYAML

/// What a network's output, or that of an auxiliary head, is trained to make small: ℓ of one sample. The loss of a step
/// is the mean of ℓ over the samples of the global batch.
package enum Loss: YAMLChoice {
  case crossEntropy(CrossEntropyLoss)
  case meanSquaredError(MeanSquaredErrorLoss)
  case smoothL1(SmoothL1Loss)
  case binaryCrossEntropy(BinaryCrossEntropyLoss)
  case localization(LocalizationLoss)
  case triplet(TripletLoss)
  case contrastive(ContrastiveLoss)
  case cosine(CosineLoss)

  package static let subject = "loss"

  package static let alternatives: [Alternative<Loss>] = kinds.map(\.alternative)

  /// All kinds, in the order in which they are documented.
  package static let kinds: [LossKind] = [
    kind("cross-entropy", "softmax and negative log-likelihood", CrossEntropyLoss.self) { .crossEntropy($0) },
    kind("mean-squared-error", "mean of the squared differences", MeanSquaredErrorLoss.self) { .meanSquaredError($0) },
    kind("smooth-l1", "squared near the target, linear far from it", SmoothL1Loss.self) { .smoothL1($0) },
    kind("binary-cross-entropy", "one yes-or-no question for each output", BinaryCrossEntropyLoss.self) {
      .binaryCrossEntropy($0)
    },
    kind("localization", "squared distance of samples that show an object", LocalizationLoss.self) {
      .localization($0)
    },
    kind("triplet", "the same class nearer than others by a margin", TripletLoss.self) { .triplet($0) },
    kind("contrastive", "the same class near, others beyond a margin", ContrastiveLoss.self) { .contrastive($0) },
    kind("cosine", "the same class in one direction, others in another", CosineLoss.self) { .cosine($0) },
  ]

  private static func kind<Record: LossDescription>(
    _ name: String, _ summary: String, _ record: Record.Type, _ embed: @escaping @Sendable (Record) -> Loss
  ) -> LossKind {
    LossKind(
      alternative: Alternative(name, summary, record, embed: embed) { $0.description as? Record },
      formula: Record.formula, source: Record.source)
  }

  /// What the loss says about itself.
  package var description: any LossDescription {
    switch self {
    case .crossEntropy(let loss): loss
    case .meanSquaredError(let loss): loss
    case .smoothL1(let loss): loss
    case .binaryCrossEntropy(let loss): loss
    case .localization(let loss): loss
    case .triplet(let loss): loss
    case .contrastive(let loss): loss
    case .cosine(let loss): loss
    }
  }

  /// The word for the loss in YAML and in tables.
  package var kind: String { alternative(.brief).name }

  /// What is wrong with an output of the given shape, or nil.
  package func problem(with output: Shape) -> String? { description.problem(with: output) }

  /// Whether the loss reads dense target values of the shape of its output.
  package var readsValues: Bool { description.targets == .values }

  /// Whether the loss reads labels.
  package var readsLabels: Bool {
    if case .localization = self { true } else { description.targets == .labels }
  }

  /// Whether a label picks a channel of the output: at each position where the output is an image, so that there must
  /// be one label for each position instead of one for each sample.
  package var picksChannelByLabel: Bool { description.targets == .labels && !description.comparesSamples }
}

/// One kind of loss: how it is written, and what a reader wants to know of it.
package struct LossKind: Sendable {
  /// The word, the keys and their defaults; what decodes the loss.
  package let alternative: Alternative<Loss>
  /// ℓ of one sample.
  package let formula: String
  /// Where it comes from.
  package let source: String
}

/// What every loss says about itself.
package protocol LossDescription: ModelRecord {
  /// ℓ of one sample.
  static var formula: String { get }
  /// Where it comes from.
  static var source: String { get }
  /// Where the targets come from.
  var targets: LossTargets { get }
  /// Whether ℓ of a sample depends on the other samples of its micro-batch.
  var comparesSamples: Bool { get }
  /// What is wrong with an output of the given shape, or nil.
  func problem(with output: Shape) -> String?
}

extension LossDescription {
  package var comparesSamples: Bool { false }
  package func problem(with output: Shape) -> String? { nil }
}

/// Where the targets of a loss come from.
package enum LossTargets: String, CaseIterable, YAMLValue {
  /// Classes: of a sample, or of each position where the output is an image. Where numbers are needed, 1 for the class
  /// and 0 for all others.
  case labels
  /// Numbers, as many as the output has.
  case values
}
