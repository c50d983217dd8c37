import Network
import Operators
import Randomness
import StrictYAML

/// Random losses with random settings.
extension RandomStream {
  /// A loss that reads one label for each sample of a vector, and nothing else.
  mutating func labelLoss(for output: Shape) -> Loss {
    while true {
      let loss = loss(of: pick(Loss.alternatives.map(\.name)), for: output)
      if !loss.readsValues, loss.problem(with: output) == nil { return loss }
    }
  }

  /// A loss of the given kind that may or may not fit `output`.
  mutating func loss(of kind: String, for output: Shape) -> Loss {
    switch kind {
    case "cross-entropy": .crossEntropy(crossEntropy(classes: output.channels))
    case "mean-squared-error": .meanSquaredError(MeanSquaredErrorLoss(targets: targets()))
    case "smooth-l1": .smoothL1(smoothL1())
    case "binary-cross-entropy": .binaryCrossEntropy(binaryCrossEntropy())
    case "localization": .localization(localization(classes: output.channels))
    case "triplet": .triplet(triplet())
    case "contrastive": .contrastive(contrastive())
    case "cosine": .cosine(cosine())
    default: preconditionFailure("the generator does not know the loss '\(kind)'")
    }
  }

  private mutating func targets() -> LossTargets { pick(LossTargets.allCases) }

  private mutating func crossEntropy(classes: Int) -> CrossEntropyLoss {
    var loss = CrossEntropyLoss()
    loss.labelSmoothing = pick([0, 0.1, 0.3])
    loss.targets = targets()
    if oneIn(2) { loss.classWeights = (0..<classes).map { _ in pick([0, 0.25, 0.5, 1, 2]) } }
    return loss
  }

  private mutating func smoothL1() -> SmoothL1Loss {
    var loss = SmoothL1Loss()
    loss.beta = pick([0.25, 1, 2])
    loss.targets = targets()
    return loss
  }

  private mutating func binaryCrossEntropy() -> BinaryCrossEntropyLoss {
    var loss = BinaryCrossEntropyLoss()
    loss.targets = targets()
    return loss
  }

  private mutating func localization(classes: Int) -> LocalizationLoss {
    var loss = LocalizationLoss()
    loss.background = integer(below: classes)
    return loss
  }

  private mutating func triplet() -> TripletLoss {
    var loss = TripletLoss()
    loss.margin = pick([0.2, 1, 2])
    return loss
  }

  private mutating func contrastive() -> ContrastiveLoss {
    var loss = ContrastiveLoss()
    loss.margin = pick([0.5, 1, 3])
    return loss
  }

  private mutating func cosine() -> CosineLoss {
    var loss = CosineLoss()
    loss.margin = pick([-0.5, 0, 0.5])
    return loss
  }
}
