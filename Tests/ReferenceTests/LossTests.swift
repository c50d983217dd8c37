import Foundation
import Network
import Operators
import Planner
import Reference
import Testing

/// Losses against numbers worked out by hand. The layer before them is the identity, so that images are outputs.
struct LossTests {
  private func outputs(
    _ shape: Shape, batch: Int, _ loss: Loss, heads: [Head] = []
  ) throws -> Alone {
    let heads = heads.enumerated().map { Module(name: "head\($0)", .head($1)) }
    return try Alone(heads + [.layer(.identity(IdentityLayer()))], input: shape, batch: batch, loss: loss)
  }

  private let image = Shape(channels: 2, height: 1, width: 2)

  @Test
  func `cross-entropy counts each class with its weight, and is not divided by the weights`() throws {
    let loss = made(CrossEntropyLoss()) { ($0.classWeights, $0.labelSmoothing) = ([2, 4], 0.5) }
    let alone = try outputs(Shape(features: 2), batch: 2, .crossEntropy(loss))
    let result = alone.train([log(0.25), log(0.75), log(0.5), log(0.5)], labels: [0, 1])
    // Targets ¾ and ¼, the other way round for the second sample.
    let expected = -2 * 0.75 * log(0.25) - 4 * 0.25 * log(0.75) - (2 * 0.25 + 4 * 0.75) * log(0.5)
    #expect(abs(result.loss - expected) < 1e-14)
    #expect(agree(result.imageGradient ?? [], [(0.25 * 2.5 - 1.5) / 2, (0.75 * 2.5 - 1) / 2, 0.625, -0.625]))
    // The first of equal logits counts: class 0, not 1.
    #expect(result.correct == 0)
  }

  @Test
  func `cross-entropy of an image is the mean over its positions, which must all be right`() throws {
    let alone = try outputs(image, batch: 2, .crossEntropy(CrossEntropyLoss()))
    #expect(alone.plan.training.labels == Extent(height: 1, width: 2))
    let x = [0.25, 0.75, 0.5, 0.5, 0.75, 0.25, 0.25, 0.75].map { log($0) }
    let result = alone.train(x, labels: [1, 1, 0, 1])
    #expect(abs(result.loss + (log(0.75) + log(0.5) + 2 * log(0.75)) / 2) < 1e-14)
    #expect(result.correct == 1)
    let gradient = [0.25, -0.25, 0.5, -0.5, -0.25, 0.25, 0.25, -0.25]
    #expect(agree(result.imageGradient ?? [], gradient.map { $0 / 4 }))
  }

  @Test
  func `cross-entropy with values reads a distribution`() throws {
    let loss = made(CrossEntropyLoss()) { $0.targets = .values }
    let alone = try outputs(Shape(features: 2), batch: 2, .crossEntropy(loss))
    #expect(alone.plan.training.labels == nil)
    let result = alone.train([log(0.25), log(0.75), 1, 0], targets: [[0.4, 0.6, 0.2, 0.8]])
    let second = 0.2 * log(1 + exp(-1)) + 0.8 * (1 + log(1 + exp(-1)))
    #expect(abs(result.loss - (-0.4 * log(0.25) - 0.6 * log(0.75) + second)) < 1e-14)
    #expect(result.correct == 1)
  }

  @Test
  func `the mean squared error to labels is that to ones and zeros`() throws {
    let labels = try outputs(image, batch: 1, .meanSquaredError(MeanSquaredErrorLoss()))
    let result = labels.train([1, 3, -2, 0.5], labels: [1, 0])
    #expect(result.loss == 14.25 / 4)
    #expect(result.imageGradient == [0.5, 1, -1.5, 0.25])
    #expect(result.correct == 0)
    let values = try outputs(image, batch: 1, .meanSquaredError(MeanSquaredErrorLoss(targets: .values)))
    let same = values.train([1, 3, -2, 0.5], targets: [[0, 1, 1, 0]])
    #expect(same.loss == result.loss && same.imageGradient == result.imageGradient)
    #expect(values.train([1, 3, 2, 0.5], targets: [[0, 1, 1, 0]]).correct == 1)
  }

  @Test
  func `smooth L1 is a square near the target and a line far from it`() throws {
    let loss = made(SmoothL1Loss()) { ($0.beta, $0.targets) = (2, .values) }
    let alone = try outputs(Shape(features: 4), batch: 1, .smoothL1(loss))
    let result = alone.train([1, -1, 5, -3], targets: [[0, 0, 0, 0]])
    #expect(result.loss == 6.5 / 4)
    #expect(result.imageGradient == [0.125, -0.125, 0.25, -0.25])
  }

  @Test
  func `binary cross-entropy asks each output alone and does not overflow`() throws {
    let alone = try outputs(Shape(features: 3), batch: 1, .binaryCrossEntropy(BinaryCrossEntropyLoss()))
    let result = alone.train([log(3), -log(3), 1_000], labels: [0])
    let expected: Double = 1_000 - 2 * log(0.75)
    #expect(abs(result.loss - expected / 3) < 1e-12)
    #expect(agree(result.imageGradient ?? [], [-0.25 / 3, 0.25 / 3, 1.0 / 3]))
    #expect(result.correct == 0)
    #expect(alone.train([1, 0.5, 0], labels: [0]).correct == 1)
  }

  @Test
  func `localization sees only samples that show an object, and calls none right`() throws {
    let loss = made(LocalizationLoss()) { $0.background = 3 }
    let alone = try outputs(Shape(features: 2), batch: 3, .localization(loss))
    let result = alone.train([1, 2, 3, 4, 5, 6], labels: [0, 3, 7], targets: [[0, 4, 0, 0, 5, 5]])
    #expect(result.loss == 1 + 4 + 1)
    #expect(agree(result.imageGradient ?? [], [2, -4, 0, 0, 0, 2].map { $0 / 3 }))
    #expect(result.correct == 0)
  }

  @Test
  func `heads count with their weight, and only the output counts as right`() throws {
    var box = Head()
    (box.weight, box.loss) = (0.5, .localization(LocalizationLoss()))
    box.layers = [.layer(.identity(IdentityLayer()))]
    var same = Head()
    (same.weight, same.layers) = (0.25, [.layer(.identity(IdentityLayer()))])
    let alone = try outputs(
      Shape(features: 2), batch: 2, .crossEntropy(CrossEntropyLoss()), heads: [box, same])
    #expect(alone.plan.training.targets.map(\.name) == ["targets.head0"])
    let x = [0.25, 0.75, 0.5, 0.5].map { log($0) }
    let result = alone.train(x, labels: [0, 0], targets: [[9, 9, x[2], x[3] - 2]])
    #expect(abs(result.loss - 1.25 * -(log(0.25) + log(0.5))) < 1e-14)
    #expect(agree(result.imageGradient ?? [], [-0.75, 0.75, -0.5, 0.5].map { $0 * 1.25 / 2 }))
    #expect(result.correct == 1)
    // With another label the second sample shows an object.
    let object = alone.train(x, labels: [0, 1], targets: [[9, 9, x[2], x[3] - 2]])
    #expect(abs(object.loss - result.loss - 0.5 * 4) < 1e-14 && object.correct == 0)
    #expect(agree(object.imageGradient ?? [], [-0.75, 0.75, 0.5, -0.5 + 2 / 1.25].map { $0 * 1.25 / 2 }))
    // The evaluation knows no heads and needs no targets of theirs.
    let evaluated = alone.evaluate(x, labels: [0, 1], targets: [])
    #expect(abs(evaluated.loss + log(0.25) + log(0.5)) < 1e-14 && evaluated.correct == 0)
  }

  private static let all: [Loss] = [
    .crossEntropy(CrossEntropyLoss()), .meanSquaredError(MeanSquaredErrorLoss()), .smoothL1(SmoothL1Loss()),
    .binaryCrossEntropy(BinaryCrossEntropyLoss()), .localization(LocalizationLoss()), .triplet(TripletLoss()),
    .contrastive(ContrastiveLoss()), .cosine(CosineLoss()),
  ]

  @Test(arguments: all)
  func `samples behind the valid ones are not seen`(loss: Loss) throws {
    let (three, four) = (
      try outputs(Shape(features: 3), batch: 3, loss), try outputs(Shape(features: 3), batch: 4, loss)
    )
    let (x, t) = (normals(9, seed: 1), normals(9, seed: 2))
    let targets = loss.readsValues ? [t] : []
    let short = three.train(x, labels: [1, 2, 1], targets: targets, globalBatch: 8)
    let long = four.train(
      x + [x[0], x[1], x[2]], labels: [1, 2, 1, 1], targets: targets.map { $0 + [1, 2, 3] }, valid: 3, globalBatch: 8)
    #expect(short.loss == long.loss && short.correct == long.correct && short.loss > 0)
    #expect((short.imageGradient ?? []) + [0, 0, 0] == long.imageGradient)
    let none = four.train(
      normals(12, seed: 3), labels: [1, 2, 1, 1], targets: targets.map { $0 + [1, 2, 3] }, valid: 0)
    #expect(none.loss == 0 && none.imageGradient == [Double](repeating: 0, count: 12))
  }
}
