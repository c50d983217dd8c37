package import Operators
package import StrictYAML

extension Loss: YAMLChoice {
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
      alternative: Alternative(name, summary, record, embed: embed) { $0.record as? Record },
      formula: Record.formula, source: Record.source)
  }

  /// The loss's keys, with what it says about itself.
  package var record: any LossDescription {
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
  package func problem(with output: Shape) -> String? { record.problem(with: output) }
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
  /// What is wrong with an output of the given shape, or nil.
  func problem(with output: Shape) -> String?
}

extension LossDescription {
  package func problem(with output: Shape) -> String? { nil }
}

extension LossTargets: YAMLValue {}
