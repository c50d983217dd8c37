import Network
import Operators
import Planner
import Reference
import Testing

/// Losses that compare samples, against numbers worked out by hand.
struct PairLossTests {
  private func outputs(batch: Int, _ loss: Loss) throws -> Alone {
    try Alone([.layer(.identity(IdentityLayer()))], input: Shape(features: 2), batch: batch, loss: loss)
  }

  @Test
  func `triplet with three samples`() throws {
    let alone = try outputs(batch: 3, .triplet(made(TripletLoss()) { $0.margin = 1.5 }))
    // Squared distances: 1 within the class, 1 and 2 to the other. The third sample has no other of its class.
    let result = alone.train([0, 0, 1, 0, 0, 1], labels: [4, 4, 9], globalBatch: 1)
    #expect(result.loss == 1.5 + 0.5)
    #expect(result.imageGradient == [-4, 2, 2, 2, 2, -4])
    // To the first sample both others are equally near; the first of them counts.
    #expect(result.correct == 2)
  }

  @Test
  func `triplet is the mean over the pairs of each anchor`() throws {
    let alone = try outputs(batch: 4, .triplet(TripletLoss()))
    // Class 0 at 0 and 1 on a line, class 1 at 1 and 3.
    let result = alone.train([0, 0, 1, 0, 1, 0, 3, 0], labels: [0, 0, 1, 1])
    let gaps: [[Double]] = [[1 - 1 + 1, 0], [1 - 0 + 1, 0], [4 - 1 + 1, 4 - 0 + 1], [0, 4 - 4 + 1]]
    #expect(result.loss == gaps.map { ($0[0] + $0[1]) / 2 }.reduce(0, +))
    #expect(result.correct == 1)
  }

  @Test
  func `without two classes or two samples of one there is no triplet`() throws {
    let alone = try outputs(batch: 2, .triplet(TripletLoss()))
    for labels in [[0, 0], [0, 1]] {
      let result = alone.train([1, 2, 3, 4], labels: labels)
      #expect(result.loss == 0 && result.imageGradient == [0, 0, 0, 0])
    }
  }

  @Test
  func `contrastive with three samples`() throws {
    let alone = try outputs(batch: 3, .contrastive(made(ContrastiveLoss()) { $0.margin = 2 }))
    let result = alone.train([0, 0, 3, 4, 0, 1], labels: [0, 0, 1], globalBatch: 1)
    #expect(result.loss == 6.5 + 6.25 + 0.25)
    #expect(result.imageGradient == [-3, -3, 3, 4, 0, -1])
    #expect(result.correct == 0)
  }

  @Test
  func `where two classes fall on one point, contrastive knows no direction`() throws {
    let alone = try outputs(batch: 2, .contrastive(made(ContrastiveLoss()) { $0.margin = 3 }))
    let result = alone.train([1, 2, 1, 2], labels: [0, 1])
    #expect(result.loss == 9)
    #expect(result.imageGradient == [0, 0, 0, 0])
  }

  @Test
  func `cosine with three samples`() throws {
    let alone = try outputs(batch: 3, .cosine(made(CosineLoss()) { $0.margin = 0.5 }))
    let result = alone.train([1, 0, 0, 2, 3, 3], labels: [0, 0, 1], globalBatch: 1)
    #expect(abs(result.loss - 2.squareRoot()) < 1e-14)
    // By pairs: 1 − cos pulls the first along (0, 1) and the second along (1, 0)/2; cos − ½ turns each from (1, 1)/√2.
    let turn = 1 / 2.squareRoot()
    #expect(agree(result.imageGradient ?? [], [0, turn - 1, (turn - 1) / 2, 0, 0, 0]))
    #expect(result.correct == 0)
  }

  @Test
  func `cosine finds the nearest by angle alone`() throws {
    let alone = try outputs(batch: 4, .cosine(CosineLoss()))
    let result = alone.train([1, 0, 50, 1, 1, 1.5, 0, -2], labels: [0, 0, 1, 1])
    #expect(result.correct == 2)
  }

  @Test
  func `the cosine of a zero vector is 0`() throws {
    let alone = try outputs(batch: 2, .cosine(CosineLoss()))
    let result = alone.train([0, 0, 3, 4], labels: [0, 0], globalBatch: 1)
    #expect(result.loss == 2)
    #expect(agree(result.imageGradient ?? [], [-6e8, -8e8, 0, 0]))
  }

  @Test
  func `the nearest other sample must be of the class, and one sample alone has none`() throws {
    let alone = try outputs(batch: 3, .contrastive(ContrastiveLoss()))
    #expect(alone.train([0, 0, 1, 0, 5, 0], labels: [2, 2, 2]).correct == 3)
    #expect(alone.train([0, 0, 1, 0, 5, 0], labels: [2, 2, 2], valid: 1).correct == 0)
  }
}
