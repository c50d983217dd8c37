import Network
import Operators
import Reference
import Testing

/// Losses and heads against finite differences.
struct LossGradientTests {
  private static let vector: [Loss] =
    imageLosses + [
      .localization(LocalizationLoss()), .localization(made(LocalizationLoss()) { $0.background = 1 }),
      .triplet(TripletLoss()), .triplet(made(TripletLoss()) { $0.margin = 0.1 }), .contrastive(ContrastiveLoss()),
      .contrastive(made(ContrastiveLoss()) { $0.margin = 3 }), .cosine(CosineLoss()),
      .cosine(made(CosineLoss()) { $0.margin = -0.5 }),
    ]

  private static let imageLosses: [Loss] = [
    .crossEntropy(CrossEntropyLoss()),
    .crossEntropy(made(CrossEntropyLoss()) { ($0.labelSmoothing, $0.classWeights) = (0.2, [1, 0.5, 0, 4]) }),
    .crossEntropy(made(CrossEntropyLoss()) { ($0.targets, $0.classWeights) = (.values, [1, 0.5, 2, 4]) }),
    .meanSquaredError(MeanSquaredErrorLoss()), .meanSquaredError(MeanSquaredErrorLoss(targets: .values)),
    .smoothL1(made(SmoothL1Loss()) { $0.beta = 0.5 }), .smoothL1(made(SmoothL1Loss()) { $0.targets = .values }),
    .binaryCrossEntropy(BinaryCrossEntropyLoss()),
    .binaryCrossEntropy(made(BinaryCrossEntropyLoss()) { $0.targets = .values }),
  ]

  @Test(.timeLimit(.minutes(4)), arguments: vector, [1, 2, 5])
  func `a loss of a vector agrees with finite differences`(loss: Loss, batch: Int) throws {
    try check([.layer(.dense(DenseLayer(4)), name: "fc")], input: Shape(features: 6), loss: loss, batch: batch)
  }

  @Test(.timeLimit(.minutes(4)), arguments: imageLosses)
  func `a loss of an image agrees with finite differences`(loss: Loss) throws {
    try check(
      [.layer(.convolution(ConvolutionLayer(4, kernel: 2)), name: "conv")],
      input: Shape(channels: 2, height: 3, width: 4), loss: loss, batch: 2)
  }

  @Test(.timeLimit(.minutes(4)), arguments: vector)
  func `a head agrees with finite differences`(loss: Loss) throws {
    var head = Head()
    (head.weight, head.loss) = (0.75, loss)
    head.layers = [
      .layer(.globalAveragePooling(GlobalAveragePoolingLayer())), .layer(.dense(DenseLayer(4)), name: "fc"),
    ]
    try check(
      [
        .layer(.convolution(ConvolutionLayer(3, kernel: 2)), name: "conv"), .layer(.activation(.tanh)),
        Module(name: "aux", .head(head)), .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(4)), name: "out"),
      ], input: Shape(channels: 2, height: 3, width: 3), loss: .crossEntropy(CrossEntropyLoss()), batch: 4)
  }

  /// Embeddings behind a ReLU: many are zero, or equal.
  @Test(.timeLimit(.minutes(4)), arguments: [Loss.contrastive(ContrastiveLoss()), .triplet(TripletLoss())])
  func `pairs that fall together agree with finite differences`(loss: Loss) throws {
    try check(
      [.layer(.dense(DenseLayer(2)), name: "fc"), .layer(.activation(.relu))], input: Shape(features: 3), loss: loss,
      batch: 8)
  }

  private func check(_ nodes: [Module], input: Shape, loss: Loss, batch: Int) throws {
    let network = NetworkDescription(name: "m", input: input, layers: nodes)
    for seed in UInt64(0)..<4 {
      let rows = try GradientCheck(network: network, loss: loss, batch: batch, seed: seed).run { _ in }
      for row in rows { #expect(row.relativeError < GradientCheck.tolerance, "\(row), \(loss)") }
      let parameters = try network.layerTable().flatMap { $0.parameters.map(\.name) }
      #expect(Set(rows.map(\.name)) == Set(parameters + ["images"]))
    }
  }
}
